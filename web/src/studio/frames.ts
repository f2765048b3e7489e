/** What is read off a frame: its backdrop, and a small copy for the history. */

const scratch = new OffscreenCanvas(1, 1);

export interface Backdrop {
  colour: string;
  /** Whether the picture may melt into it. */
  even: boolean;
}

/** Return the colour around the head, from the upper corners. */
export function backdrop(bitmap: ImageBitmap): Backdrop | null {
  scratch.width = scratch.height = 16;
  const context = scratch.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(bitmap, 0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  const corners = [0, 1, 14, 15, 16, 31].map((at) => Array.from(data.subarray(4 * at, 4 * at + 3)));
  const mean = [0, 1, 2].map((channel) => corners.reduce((sum, one) => sum + (one[channel] ?? 0), 0) / corners.length);
  const spread = Math.max(...corners.flatMap((one) => one.map((value, channel) => Math.abs(value - (mean[channel] ?? 0)))));
  return { colour: `rgb(${mean.map(Math.round).join(' ')})`, even: spread < 24 };
}

export async function small(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = new OffscreenCanvas(128, 128);
  const context = canvas.getContext('2d');
  if (context) {
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, 128, 128);
  }
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
}
