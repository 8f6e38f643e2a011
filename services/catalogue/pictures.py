"""Which addresses may stand for a product's picture."""

from domain.catalogue import KeptPicture
from services.media.addresses import OwnPictures
from services.media.product_pictures import FOLDER


def picture_check(public_url: str | None) -> KeptPicture:
    """What is kept of a product picture's address: one of this server, or https elsewhere; else None.

    `public_url` has no slash at its end. An avatar's address is refused: the picture would go when its user takes
    another.
    """
    pictures = OwnPictures(public_url)

    def kept_picture(address: str) -> str | None:
        kept = pictures.kept(address)
        key = pictures.key_of(kept)
        return kept if key is None or key.folder == FOLDER else None

    return kept_picture
