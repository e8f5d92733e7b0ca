#!/usr/bin/env python3
"""Make the images in tests/fixtures/images/ with Pillow and NumPy, and expected.json: what each is at side 16.

A picture is 16 pixels high and 16 or 20 wide, so that nothing is made larger or smaller and every number can be told: as
Pillow reads it, turned upright, laid on its ground by the formula, its square cut from the middle. What Pillow cannot
write (16 bits with colour or transparency) is packed here by hand. JPEG and lossy WebP may differ by a few of 255.

Needs: pip install numpy pillow
"""

import gzip
import io
import json
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "images"
SIDE = 16
ORIENTATION = 0x112
expected = {}


def picture(width=SIDE, height=SIDE, channels=3, top=255):
    """Slopes that are different in every direction, as whole numbers up to `top`."""
    y, x = np.mgrid[:height, :width].astype(float)
    parts = [x / (width - 1), y / (height - 1), (x + 2 * y) / (width + 2 * height - 3), 1 - ((x + y) % 9) / 8]
    return np.round(np.stack(parts[:channels], -1) * top).astype(np.uint16 if top > 255 else np.uint8)


def square(pixels):
    height, width = pixels.shape[:2]
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return pixels[top : top + side, left : left + side]


def laid(colour, alpha, ground):
    """Colours on a ground, in 0 to 1."""
    return colour * alpha[..., None] + np.array(ground) / 255 * (1 - alpha[..., None])


def expect(name, pixels, tolerance=0, ground="white", **more):
    """`pixels` are [height, width, 3] in 0 to 255."""
    pixels = np.round(square(np.asarray(pixels, float))).astype(np.uint8)
    assert pixels.shape == (SIDE, SIDE, 3), (name, pixels.shape)
    expected[name] = {"pixels": pixels.transpose(2, 0, 1).tobytes().hex(), "tolerance": tolerance, "ground": ground} | more


GROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "#ff8000": (255, 128, 0)}


def by_pillow(name, tolerance=0, ground="white", **more):
    """What Pillow makes of the file."""
    with Image.open(OUT / name) as image:
        image.seek(0)
        image = ImageOps.exif_transpose(image)
        rgba = np.asarray(image.convert("RGBA")).astype(float) / 255
    expect(name, laid(rgba[..., :3], rgba[..., 3], GROUNDS[ground]) * 255, tolerance, ground, **more)


def png(name, samples, colour, bits=8, chunks=()):
    """A PNG of samples [height, width, channels] by hand."""
    height, width = samples.shape[:2]
    rows = samples.astype(">u2" if bits == 16 else np.uint8).reshape(height, -1)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    out = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    for kind, content in [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]:
        out += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    (OUT / name).write_bytes(out)


def save(name, image, **options):
    image.save(OUT / name, **options)


def exif(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def pngs():
    rgb, rgba = picture(), picture(channels=4)
    grey = rgb[..., 2]
    save("grey.png", Image.fromarray(grey)), by_pillow("grey.png")
    save("bits1.png", Image.fromarray(grey).convert("1")), by_pillow("bits1.png")
    save("rgb.png", Image.fromarray(rgb)), by_pillow("rgb.png")
    save("palette.png", Image.fromarray(rgb).quantize(200)), by_pillow("palette.png")
    for ground in GROUNDS:
        name = f"rgba-on-{ground.strip('#')}.png"
        save(name, Image.fromarray(rgba)), by_pillow(name, 1, ground)
    save("grey-alpha.png", Image.fromarray(rgba[..., 2:])), by_pillow("grey-alpha.png", 1)
    save("grey-alpha-colour.png", Image.fromarray(rgba[..., 2:])), by_pillow("grey-alpha-colour.png", 1, "#ff8000")
    clear = Image.fromarray(rgb).quantize(7)
    save("palette-clear.png", clear, transparency=bytes([0, 80, 255])), by_pillow("palette-clear.png", 1)
    # One value stands for transparency.
    png("grey-clear.png", grey[..., None], 0, chunks=[(b"tRNS", struct.pack(">H", int(grey[3, 5])))])
    shown = (grey != grey[3, 5]).astype(float)
    expect("grey-clear.png", laid(np.repeat(grey[..., None], 3, 2) / 255, shown, (0, 0, 0)) * 255, ground="black")
    png("rgb-clear.png", rgb, 2, chunks=[(b"tRNS", struct.pack(">HHH", *map(int, rgb[3, 5])))])
    shown = (rgb != rgb[3, 5]).any(-1).astype(float)
    expect("rgb-clear.png", laid(rgb / 255, shown, (255, 128, 0)) * 255, ground="#ff8000")
    # 16 bits.
    deep = picture(channels=4, top=65535)
    png("grey16.png", deep[..., 2:3], 0, 16), expect("grey16.png", np.repeat(deep[..., 2:3], 3, 2) / 257, 1)
    png("rgb16.png", deep[..., :3], 2, 16), expect("rgb16.png", deep[..., :3] / 257, 1)
    alpha = deep[..., 3] / 65535
    png("rgba16.png", deep, 6, 16), expect("rgba16.png", laid(deep[..., :3] / 65535, alpha, GROUNDS["white"]) * 255, 1)
    grey16 = np.repeat(deep[..., 2:3], 3, 2) / 65535
    png("grey-alpha16.png", deep[..., 2:], 4, 16), expect("grey-alpha16.png", laid(grey16, alpha, (0, 0, 0)) * 255, 1, "black")
    save("exif6.png", Image.fromarray(picture(20)), exif=exif(6)), by_pillow("exif6.png", turned=True)
    frames = [Image.fromarray(picture()), Image.fromarray(255 - picture())]
    save("animated.png", frames[0], save_all=True, append_images=frames[1:]), by_pillow("animated.png", several=True)


def jpegs():
    rgb = Image.fromarray(picture(20))
    for orientation in range(1, 9):
        name = f"exif{orientation}.jpg"
        save(name, rgb, quality=95, exif=exif(orientation)), by_pillow(name, 4, turned=orientation > 1)
    save("rgb.jpg", rgb, quality=95), by_pillow("rgb.jpg", 4)
    save("progressive.jpeg", rgb, quality=95, progressive=True), by_pillow("progressive.jpeg", 4)
    save("grey.jpe", rgb.convert("L"), format="JPEG", quality=95), by_pillow("grey.jpe", 2)
    save("cmyk.jpg", rgb.convert("CMYK"), quality=95), by_pillow("cmyk.jpg", 6)
    # Black of its own, which Pillow's conversion from RGB never makes.
    inks = Image.merge("CMYK", [Image.fromarray(channel) for channel in picture(channels=4).transpose(2, 0, 1)])
    save("inks.jpg", inks, quality=95), by_pillow("inks.jpg", 6)


def others():
    rgb, rgba = Image.fromarray(picture()), Image.fromarray(picture(channels=4))
    save("rgb.webp", rgb, lossless=True), by_pillow("rgb.webp")
    save("rgba.webp", rgba, lossless=True, exact=True), by_pillow("rgba.webp", 1)
    save("lossy.webp", rgb, quality=95), by_pillow("lossy.webp", 8)
    save("exif8.webp", Image.fromarray(picture(20)), lossless=True, exif=exif(8)), by_pillow("exif8.webp", turned=True)
    frames = [rgb, Image.fromarray(255 - picture())]
    save("animated.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)
    by_pillow("animated.webp", several=True)
    save("palette.gif", rgb.quantize(64)), by_pillow("palette.gif")
    save("clear.gif", rgb.quantize(7), transparency=3), by_pillow("clear.gif", ground="#ff8000")
    save("animated.gif", frames[0].quantize(64), save_all=True, append_images=[frames[1].quantize(64)])
    by_pillow("animated.gif", several=True)
    save("rgb.bmp", rgb), by_pillow("rgb.bmp")
    save("palette.bmp", rgb.quantize(64)), by_pillow("palette.bmp")
    save("bits1.bmp", rgb.convert("1")), by_pillow("bits1.bmp")
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        name = f"{compression}.tif"
        save(name, rgb, compression=None if compression == "raw" else compression), by_pillow(name)
    save("rgba.tiff", rgba), by_pillow("rgba.tiff", 1, "black")
    save("grey.tiff", rgb.convert("L")), by_pillow("grey.tiff")
    save("cmyk.tiff", inks_of(rgb)), by_pillow("cmyk.tiff", 1)
    deep = picture(top=65535)[..., 2]
    save("grey16.tiff", Image.fromarray(deep)), expect("grey16.tiff", np.repeat(deep[..., None], 3, 2) / 257, 1)
    save("pages.tiff", frames[0], save_all=True, append_images=frames[1:]), by_pillow("pages.tiff", several=True)
    save("turned3.tiff", Image.fromarray(picture(20)), tiffinfo={ORIENTATION: 3}), by_pillow("turned3.tiff", turned=True)
    save("rgb.ppm", rgb), by_pillow("rgb.ppm")
    save("grey.pgm", rgb.convert("L")), by_pillow("grey.pgm")
    save("bits1.pbm", rgb.convert("1")), by_pillow("bits1.pbm")
    text = " ".join(str(x) for x in picture().ravel())
    (OUT / "text.pnm").write_text(f"P3\n# by hand\n16 16\n255\n{text}\n"), by_pillow("text.pnm")


def inks_of(rgb):
    return rgb.convert("CMYK")


def arrays():
    """Three images each of 16 x 16, the second reversed, the third dark."""
    images = np.stack([picture(channels=4), picture(channels=4)[::-1], picture(channels=4) // 3])

    def expect_all(name, pixels, tolerance=0, **more):
        """`pixels` are [3, 16, 16] or [3, 16, 16, 3]."""
        pixels = np.round(np.asarray(pixels, float)).astype(np.uint8)
        pixels = np.repeat(pixels[..., None], 3, 3) if pixels.ndim == 3 else pixels
        hexes = pixels.transpose(0, 3, 1, 2).tobytes().hex()
        expected[name] = {"pixels": hexes, "tolerance": tolerance, "ground": "white"} | more

    def npy(name, array, pixels, tolerance=0, **more):
        np.save(OUT / name, array)
        expect_all(name, pixels, tolerance, **more)

    rgb, grey = images[..., :3], images[..., 2]
    on_white = np.stack([laid(image[..., :3] / 255, image[..., 3] / 255, GROUNDS["white"]) for image in images]) * 255
    first = rgb.transpose(0, 3, 1, 2)
    npy("nhw.npy", grey, grey)
    npy("nhwc.npy", rgb, rgb)
    npy("nchw.npy", np.ascontiguousarray(first), rgb)
    npy("n1hw.npy", grey[:, None], grey)
    npy("nhw1.npy", grey[..., None], grey)
    npy("flat.npy", grey.reshape(3, -1), grey)
    npy("fortran-nhw.npy", np.asfortranarray(grey), grey)
    npy("fortran-nhwc.npy", np.asfortranarray(rgb), rgb)
    npy("fortran-nchw.npy", np.asfortranarray(first), rgb)
    npy("turned.npy", np.ascontiguousarray(rgb.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2), rgb)
    npy("rgba.npy", images, on_white, 1)
    npy("grey-alpha.npy", images[..., 2:], on_white[..., 2], 1)
    npy("float32-unit.npy", (rgb / 255).astype(np.float32), rgb)
    npy("float64-signed.npy", rgb / 127.5 - 1, rgb)
    npy("float32-255.npy", rgb.astype(np.float32), rgb)
    npy("float16-unit.npy", (grey / 255).astype(np.float16), grey, 1)
    npy("big-float32-nchw.npy", np.ascontiguousarray(first / 255).astype(">f4"), rgb)
    npy("fortran-float32.npy", np.asfortranarray(first / 127.5 - 1, np.float32), rgb)
    for kind in ("int16", "uint16", ">i4", "uint32", "int64", "uint64"):
        npy(f"{kind.strip('>')}.npy", rgb.astype(kind), rgb)
    npy("int8.npy", (grey // 2).astype(np.int8), grey // 2)
    npy("bool.npy", grey > 100, (grey > 100) * 255)
    buffer = io.BytesIO()
    np.save(buffer, rgb)
    (OUT / "packed.npy.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    expect_all("packed.npy.gz", rgb)
    labels = np.arange(3)
    np.savez(OUT / "one.npz", images=rgb, labels=labels), expect_all("one.npz", rgb)
    np.savez_compressed(OUT / "two.npz", train=rgb, test=np.asfortranarray(first / 255, np.float32), labels=labels)
    expect_all("two.npz", rgb, key="test")
    for name, code, kind in (("uint8.idx", 8, "u1"), ("int16.idx", 11, ">i2"), ("float32.idx", 13, ">f4")):
        head = bytes([0, 0, code, 3]) + struct.pack(">III", 3, SIDE, SIDE)
        (OUT / name).write_bytes(head + grey.astype(kind).tobytes()), expect_all(name, grey)
    (OUT / "packed.idx.gz").write_bytes(gzip.compress((OUT / "uint8.idx").read_bytes(), mtime=0))
    expect_all("packed.idx.gz", grey)


def resized():
    """At other sides Pillow's bilinear resampling, which weighs all pixels under its triangle, does what is done here."""
    for name, size, side in (("shrunk.png", 50, 16), ("enlarged.png", 7, 16)):
        image = Image.fromarray(picture(size, size))
        save(name, image)
        expect(name, np.asarray(image.resize((side, side), Image.Resampling.BILINEAR)), 1)


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    pngs(), jpegs(), others(), arrays(), resized()
    (OUT / "expected.json").write_text(json.dumps(expected, indent=0) + "\n")
