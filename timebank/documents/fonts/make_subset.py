"""How ``NotoSansSC-GB2312.ttf`` was made: ``python make_subset.py NotoSansSC_400Regular.ttf`` (needs fonttools).

The source is the regular weight of Noto Sans SC as TrueType, from the npm package ``@expo-google-fonts/noto-sans-sc``
0.4.3, under the SIL Open Font License (OFL.txt beside this file). What stays is what people write and what we print:
ASCII, all of GB 2312 (6,763 characters, punctuation, full-width forms) and a few signs. The same source gives the same
bytes: no table carries the time of the run. The product itself never runs this.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

TARGET = Path(__file__).with_name("NotoSansSC-GB2312.ttf")
SIGNS = "\N{NO-BREAK SPACE}·•…—–‘’“”€£©®°±×÷№"


def characters() -> str:
    """Return every character that the font is to have."""
    rows = (bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return "".join(chr(code) for code in range(0x20, 0x7F)) + "".join(rows) + SIGNS


def make(source: str) -> None:
    """Write the subset of ``source``."""
    options = Options(hinting=False, layout_features=[], name_IDs=["*"], notdef_outline=True, recalc_timestamp=False)
    font = load_font(source, options)
    subsetter = Subsetter(options)
    subsetter.populate(text=characters())
    subsetter.subset(font)
    save_font(font, str(TARGET), options)


if __name__ == "__main__":
    make(sys.argv[1])
