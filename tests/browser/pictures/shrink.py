#!/usr/bin/python3
"""Make pictures small: pages are flat colours, so a palette holds them.

    shrink.py FILE.png ...                     rewrite each with at most 256 colours
    shrink.py --film OUT.webp MS:FILE.png ...  one moving picture without loss; each frame stays for MS milliseconds
"""
import sys

from PIL import Image

EXACT = 160


def shrink(path: str) -> None:
    picture = Image.open(path).convert("RGB")
    counts = sorted(picture.getcolors(picture.width * picture.height), reverse=True)
    # The areas keep their exact colours; the shades at the edges of letters share the rest of the palette.
    exact = [colour for _, colour in counts[:EXACT]]
    shades = [colour for _, colour in counts[EXACT:]]
    if shades:
        sample = Image.new("RGB", (len(shades), 1))
        sample.putdata(shades)
        few = sample.quantize(256 - EXACT, method=Image.Quantize.MAXCOVERAGE).convert("RGB")
        exact += {colour for _, colour in few.getcolors()}
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in exact for part in colour])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, "PNG", optimize=True)


def film(out: str, frames: list[str]) -> None:
    held, files = zip(*(frame.split(":", 1) for frame in frames))
    images = [Image.open(file).convert("RGB") for file in files]
    images[0].save(out, save_all=True, append_images=images[1:], duration=[int(ms) for ms in held], loop=0, lossless=True, quality=100, method=6)


if sys.argv[1] == "--film":
    film(sys.argv[2], sys.argv[3:])
else:
    for name in sys.argv[1:]:
        shrink(name)
