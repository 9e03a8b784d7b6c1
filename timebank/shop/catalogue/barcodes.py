"""Goods named by the barcode on them, in lines of intakes and sales."""

from collections.abc import Sequence
from uuid import UUID

from timebank.shop import queries
from timebank.shop.catalogue.goods import refuse_unknown
from timebank.shop.errors import Ean13Invalid
from timebank.shop.rules import is_ean13


def identified(lines: Sequence[tuple[UUID | None, str | None]]) -> list[UUID]:
    """Return the goods of lines that name each by its id or its barcode. Raises Ean13Invalid, UnknownGoods."""
    wrong = [index for index, (_, ean13) in enumerate(lines) if ean13 is not None and not is_ean13(ean13)]
    if wrong:
        detail = "校验位不对。 The check digit does not fit."
        raise Ean13Invalid(errors=[{"pointer": f"/lines/{index}/ean13", "detail": detail} for index in wrong])
    barcodes = {ean13 for _, ean13 in lines if ean13 is not None}
    known = queries.goods_by_ean13(barcodes) if barcodes else {}
    found = [goods_id or known.get(ean13 or "") for goods_id, ean13 in lines]
    refuse_unknown(found, {goods_id for goods_id in found if goods_id is not None})
    return [goods_id for goods_id in found if goods_id is not None]
