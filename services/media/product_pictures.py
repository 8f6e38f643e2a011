"""Pictures of products: uploaded by operators, kept under the hash of their content, and never removed by themselves.

No row claims them. Claims are about avatars, which go when their user takes another or leaves; a product's picture is
the merchant's, may stand for several products and in the memory of phones, and outlives the operator who sent it.
"""

import logging
from typing import TYPE_CHECKING, Final

from services.media.images import prepare_product_picture
from services.media.keys import MediaKey
from services.media.store import MediaStore
from services.media.workshop import Workshop

if TYPE_CHECKING:
    from services.accounts.sessions import Viewer

FOLDER: Final = "products"

logger = logging.getLogger(__name__)


class ProductPictures:
    """Keeps pictures of products."""

    def __init__(self, workshop: Workshop, store: MediaStore) -> None:
        self._workshop = workshop
        self._store = store

    async def keep(self, viewer: "Viewer", data: bytes) -> MediaKey:
        """The key of the picture made of a file; the same file has the same key.

        Raises a kind of ImageRefused, or Unavailable; sending it again completes what the second left undone.
        """
        picture = await self._workshop.run(prepare_product_picture, data)
        key = MediaKey.for_content(FOLDER, picture.content, picture.extension)
        await self._store.put(key, picture.content)
        logger.info("product picture stored", extra={"key": str(key), "operator": viewer.user.id})
        return key
