"""Goods named by the barcode on them, or on the case that they come in: which ones there are, and what was scanned."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, insert, select

from timebank.database import session
from timebank.errors import Invalid
from timebank.shop.catalogue.barcode_tables import GoodsBarcode
from timebank.shop.errors import Ean13Invalid, UnknownGoods
from timebank.shop.models import Goods
from timebank.shop.rules import MAX_PIECES, is_barcode, is_ean13

_WRONG = "校验位不对。 The check digit does not fit."


@dataclass(frozen=True, slots=True)
class Scanned:
    """A line of an intake or a sale: goods by their id, or by a barcode that stands for one piece or for a pack."""

    quantity: int
    goods_id: UUID | None = None
    ean13: str | None = None


def counted(lines: Sequence[Scanned]) -> list[tuple[UUID, int]]:
    """Return goods and pieces of lines: two scans of a case of twelve are twenty-four.

    Raises Ean13Invalid, UnknownGoods, and Invalid for more pieces than any line may have.
    """
    wrong = [index for index, line in enumerate(lines) if line.ean13 is not None and not is_barcode(line.ean13)]
    if wrong:
        raise Ean13Invalid(errors=[{"pointer": f"/lines/{index}/ean13", "detail": _WRONG} for index in wrong])
    known = _known({line.ean13 for line in lines if line.ean13 is not None})
    found = [(line.goods_id, 1) if line.goods_id else known.get(line.ean13 or "", (None, 1)) for line in lines]
    refuse_unknown([goods_id for goods_id, _ in found], {goods_id for goods_id, _ in found if goods_id is not None})
    pieces = [line.quantity * each for line, (_, each) in zip(lines, found, strict=True)]
    for index, number in enumerate(pieces):
        if number > MAX_PIECES:
            detail = f"折合 {number} 件，最多 {MAX_PIECES} 件。 These are {number} pieces, {MAX_PIECES} at most."
            raise Invalid(errors=[{"pointer": f"/lines/{index}/quantity", "detail": detail}])
    return [(goods_id, number) for (goods_id, _), number in zip(found, pieces, strict=True) if goods_id is not None]


def _known(codes: Collection[str]) -> dict[str, tuple[UUID | None, int]]:
    if not codes:
        return {}
    found = session.scalars(select(GoodsBarcode).where(GoodsBarcode.code.in_(codes)))
    return {one.code: (one.goods_id, one.pieces) for one in found}


def refuse_unknown(goods_ids: Sequence[UUID | None], known: Collection[UUID]) -> None:
    """Raise UnknownGoods, pointing at every line whose goods are not among the known ones."""
    errors = [
        {"pointer": f"/lines/{index}", "detail": "没有这种物品。 No such goods."}
        for index, goods_id in enumerate(goods_ids)
        if goods_id not in known
    ]
    if errors:
        raise UnknownGoods(errors=errors)


def carry(goods: Goods, *, ean13: str | None, packs: Mapping[str, int] | None) -> None:
    """Let goods carry a barcode for one piece and others for packs; without ``packs`` those they have stay.

    Raises Ean13Invalid, and Ean13Taken by the key.
    """
    if packs is None:
        packs = {code: pieces for code, pieces in packs_of([goods.id])[goods.id] if code != ean13}
    refuse_bad(ean13, list(packs))
    if ean13 in packs:
        detail = "已是单件的条码。 It is the barcode of a single piece already."
        raise Invalid(errors=[{"pointer": "/barcodes", "detail": detail}])
    session.execute(delete(GoodsBarcode).where(GoodsBarcode.goods_id == goods.id))
    carried = ({ean13: 1} if ean13 else {}) | dict(packs)
    if carried:
        rows = [{"code": code, "goods_id": goods.id, "pieces": pieces} for code, pieces in carried.items()]
        session.execute(insert(GoodsBarcode), rows)


def refuse_bad(ean13: str | None, packs: Sequence[str] = ()) -> None:
    """Raise Ean13Invalid, pointing at every barcode whose check digit is wrong; a single piece carries an EAN-13."""
    errors = [
        {"pointer": pointer, "detail": _WRONG}
        for pointer, code in [("/ean13", ean13), *((f"/barcodes/{index}", code) for index, code in enumerate(packs))]
        if code is not None and not (is_ean13(code) if pointer == "/ean13" else is_barcode(code))
    ]
    if errors:
        raise Ean13Invalid(errors=errors)


def packs_of(goods_ids: Collection[UUID]) -> dict[UUID, list[tuple[str, int]]]:
    """Return the barcodes that goods carry beside that of a single piece, each with its pieces."""
    packs: dict[UUID, list[tuple[str, int]]] = {goods_id: [] for goods_id in goods_ids}
    found = (
        select(GoodsBarcode.goods_id, GoodsBarcode.code, GoodsBarcode.pieces)
        .join(Goods, Goods.id == GoodsBarcode.goods_id)
        .where(GoodsBarcode.goods_id.in_(goods_ids), Goods.ean13.is_distinct_from(GoodsBarcode.code))
        .order_by(GoodsBarcode.pieces, GoodsBarcode.code)
    )
    for goods_id, code, pieces in session.execute(found):
        packs[goods_id].append((code, pieces))
    return packs
