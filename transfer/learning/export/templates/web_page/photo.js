/* One photo becomes pixels, as photo.py of the app does it: the whole photo, upright, on white, squashed to a square
 * (antialiased bilinear, bit for bit that of Pillow). Only who decodes the file differs: here it is the browser.
 *
 * A JPEG is decoded smaller by the app (by 2, 4 or 8, while that leaves enough pixels), from the lowest frequencies of
 * each block of 8 x 8 pixels. A browser decodes it whole, so the same is done here afterwards. */
"use strict";

const PRECISION = 2 ** 22; // Pillow's: shares of 8-bit pixels are whole numbers of this
const STRIP = 512; // rows that are looked at together, a multiple of 8: a large photo never lies in memory twice

/** A file -> Uint8Array (size * size * 3), RGB, 0-255. Throws an Error in plain words. */
async function photoOfFile(file, size) {
  let bitmap;
  try {
    // Pillow leaves colour profiles aside, so the browser has to.
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  } catch {
    throw new Error(`This browser cannot read “${file.name || "the photo"}”. Try a JPEG, PNG or WebP photo.`);
  }
  const start = new Uint8Array(await file.slice(0, 3).arrayBuffer());
  const isJpeg = start[0] === 0xff && start[1] === 0xd8;
  try {
    return photoOfSource(bitmap, bitmap.width, bitmap.height, size, isJpeg);
  } finally {
    bitmap.close();
  }
}

/** Whatever a canvas can draw (a bitmap, a video) -> Uint8Array (size * size * 3). */
function photoOfSource(source, width, height, size, isJpeg = false) {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return squash(width, height, size, isJpeg ? draft(width, height, size) : 1, (top, rows) => {
    canvas.width = width;
    canvas.height = rows;
    context.fillStyle = "white";
    context.fillRect(0, 0, width, rows);
    context.drawImage(source, 0, top, width, rows, 0, 0, width, rows);
    return context.getImageData(0, 0, width, rows).data;
  });
}

/** By how much the app decodes a JPEG smaller: 1, 2, 4 or 8. */
function draft(width, height, size) {
  const most = Math.min(Math.floor(width / size), Math.floor(height / size));
  return [8, 4, 2].find((scale) => most >= scale) || 1;
}

/** Pixels, given in strips of rows as RGBA by `read(top, rows)` -> Uint8Array (size * size * 3). */
function squash(width, height, size, scale, read) {
  const [toWidth, toHeight] = [Math.ceil(width / scale), Math.ceil(height / scale)];
  const across = bilinear(toWidth, size);
  const narrow = new Uint8Array(toHeight * size * 3);
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    let [strip, count, step] = [read(top, rows), rows, 4];
    if (scale > 1) [strip, count, step] = [smaller(strip, width, rows, scale), Math.ceil(rows / scale), 3];
    weigh(strip, count, toWidth * step, step, across, narrow.subarray((top / scale) * size * 3), size * 3, 3);
  }
  const square = new Uint8Array(size * size * 3);
  weigh(narrow, size, 3, size * 3, bilinear(toHeight, size), square, 3, size * 3);
  return square;
}

/** A strip (RGBA) made `scale` times smaller (RGB) as a JPEG decoder does it: each block by its lowest frequencies. */
function smaller(rgba, width, rows, scale) {
  const [toWidth, toRows] = [Math.ceil(width / scale), Math.ceil(rows / scale)];
  const narrow = new Float32Array(rows * toWidth * 3);
  weigh(rgba, rows, width * 4, 4, blocks(width, scale), narrow, toWidth * 3, 3);
  const found = new Uint8ClampedArray(toRows * toWidth * 3); // rounds, and keeps 0 to 255
  weigh(narrow, toWidth, 3, toWidth * 3, blocks(rows, scale), found, 3, toWidth * 3);
  return found;
}

/** Resize one side. Lines are `lineStep` values apart, the pixels in them `pixelStep`; `plan` says what makes each. */
function weigh(from, lines, lineStep, pixelStep, plan, to, toLineStep, toPixelStep) {
  const { firsts, counts, shares, width, unit, most } = plan;
  for (let line = 0; line < lines; line += 1) {
    for (let place = 0; place < firsts.length; place += 1) {
      let at = line * lineStep + firsts[place] * pixelStep;
      let red = unit === 1 ? 0 : unit / 2;
      let green = red;
      let blue = red;
      const end = place * width + counts[place];
      for (let k = place * width; k < end; k += 1, at += pixelStep) {
        const share = shares[k];
        red += from[at] * share;
        green += from[at + 1] * share;
        blue += from[at + 2] * share;
      }
      const target = line * toLineStep + place * toPixelStep;
      to[target] = Math.min(most, red / unit);
      to[target + 1] = Math.min(most, green / unit);
      to[target + 2] = Math.min(most, blue / unit);
    }
  }
}

/** The plan of a length: of each new pixel the first old one, how many there are, and their shares. */
function planned(length, width, unit, most, sharesOf) {
  const plan = { firsts: new Int32Array(length), counts: new Int32Array(length), width, unit, most };
  plan.shares = new Float64Array(length * width);
  for (let place = 0; place < length; place += 1) {
    const { first, shares } = sharesOf(place);
    plan.firsts[place] = first;
    plan.counts[place] = shares.length;
    plan.shares.set(shares, place * width);
  }
  return plan;
}

/** As Pillow: a triangle as wide as a new pixel, in whole numbers. */
function bilinear(from, to) {
  const scale = from / to;
  const reach = Math.max(scale, 1);
  return planned(to, Math.ceil(2 * reach) + 1, PRECISION, 255, (place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const shares = [];
    for (let pixel = first; pixel < end; pixel += 1) {
      shares.push(Math.max(0, 1 - Math.abs((pixel - centre + 0.5) / reach)));
    }
    const sum = shares.reduce((a, b) => a + b, 0);
    return { first, shares: shares.map((share) => Math.trunc(0.5 + (share / sum) * PRECISION)) };
  });
}

/** As a JPEG decoder: of 8 pixels the cosine transform, its lowest frequencies alone, and these turned into pixels. */
function blocks(from, scale) {
  const kept = 8 / scale;
  const wave = (pixel, frequency, length) => Math.cos(((2 * pixel + 1) * frequency * Math.PI) / (2 * length));
  return planned(Math.ceil(from / scale), 8, 1, Infinity, (place) => {
    const first = Math.floor(place / kept) * 8;
    const shares = new Array(Math.min(8, from - first)).fill(0);
    for (let pixel = 0; pixel < 8; pixel += 1) {
      let share = 1 / 8;
      for (let frequency = 1; frequency < kept; frequency += 1) {
        share += (wave(place % kept, frequency, kept) * wave(pixel, frequency, 8)) / 4;
      }
      shares[Math.min(pixel, shares.length - 1)] += share; // a block at the edge goes on as its last pixel
    }
    return { first, shares };
  });
}
