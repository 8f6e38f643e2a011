"""Which addresses may stand for a product's picture."""

from domain.catalogue import IsPicture
from domain.profile import is_https_address
from services.media.keys import key_of_address
from services.media.product_pictures import FOLDER


def picture_check(public_url: str) -> IsPicture:
    """Whether an address is one of a product picture here, or https elsewhere; `public_url` has no slash at its end.

    An avatar's address is refused: the picture would go when its user takes another.
    """

    def is_picture(address: str) -> bool:
        if address.startswith(f"{public_url}/media/"):
            key = key_of_address(public_url, address)
            return key is not None and key.folder == FOLDER
        return is_https_address(address)

    return is_picture
