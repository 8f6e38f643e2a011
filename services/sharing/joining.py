"""What a join of two users means for sharing: no card is lost, a visit counts once, and nobody visits themselves."""

from tortoise.expressions import F, Subquery

from models.sharing import Share, ShareVisit


async def make_movable(younger_id: str, older_id: str) -> None:
    """Takes away what would be double or a visit to oneself; to be called before the rows of the younger move.

    Every card that was sent keeps its code. Where both shared the same, the older's share stays the one that the same
    content finds again, so the younger's is told apart by its id.
    """
    olders_hashes = Share.filter(user_id=older_id).values("content_hash")
    both = Share.filter(user_id=younger_id, content_hash__in=Subquery(olders_hashes))
    await both.update(content_hash=F("id"))
    opened_by_older = ShareVisit.filter(user_id=older_id).values("share_id")
    await ShareVisit.filter(user_id=younger_id, share_id__in=Subquery(opened_by_older)).delete()
    for visitor, sharer in ((younger_id, older_id), (older_id, younger_id)):
        shares = Share.filter(user_id=sharer).values("id")
        await ShareVisit.filter(user_id=visitor, share_id__in=Subquery(shares)).delete()
