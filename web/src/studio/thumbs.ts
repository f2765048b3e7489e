/** Small pictures: a few requests at a time, each picture once, the least recently used forgotten first. */
import { blob, query } from '../api/client';
import { Problem } from '../api/problem';
import { toSpec, type Look } from './look';

const AT_ONCE = 3;
const MOST = 400;
const SIZE = 128;

interface Task {
  start: () => void;
  signal: AbortSignal;
}

const known = new Map<string, string>();
const waiting: Task[] = [];
let running = 0;

function turn(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    waiting.push({ start: resolve, signal });
    next();
  });
}

function next(): void {
  while (running < AT_ONCE) {
    const task = waiting.shift();
    if (!task) return;
    if (task.signal.aborted) continue;
    running += 1;
    task.start();
  }
}

const told = new Map<Element, (near: boolean) => void>();
// One observer for all: it tells of elements in the order in which it was given them, so that pictures come in theirs.
const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) told.get(entry.target)?.(entry.isIntersecting);
  },
  { rootMargin: '200px' }
);

/** Say whether an element is in view, or nearly. */
export function whenNear(element: Element, callback: (near: boolean) => void): () => void {
  told.set(element, callback);
  observer.observe(element);
  return () => {
    told.delete(element);
    observer.unobserve(element);
  };
}

export interface ThumbModel {
  name: string;
  styleLayers: number;
}

async function draw(look: Look, model: ThumbModel, signal: AbortSignal): Promise<Blob> {
  const { base } = look;
  const edited = Object.keys(look.edits).length > 0;
  if (base.kind === 'seed' && !edited) {
    const address = `/v1/models/${encodeURIComponent(model.name)}/seeds/${base.seed}.webp`;
    return blob(query(address, { psi: base.psi, size: SIZE }), { signal });
  }
  if (base.kind === 'saved' && !edited) {
    return blob(query(`/v1/avatars/${base.id}/picture.webp`, { size: SIZE }), { signal });
  }
  const people = [toSpec(look, model.styleLayers)];
  const json = { model: model.name, people, format: 'webp', quality: 85, size: SIZE };
  return blob('/v1/generate', { json, accept: 'image/webp', signal });
}

/** Return the address of a small picture of somebody, for as long as the page is open.
 *
 * @throws Problem if it cannot be drawn; a busy server is asked again.
 */
export async function thumb(look: Look, model: ThumbModel, signal: AbortSignal): Promise<string> {
  const key = JSON.stringify([model.name, look.base.kind === 'saved' ? look.base.id : look.base, look.edits]);
  const found = known.get(key);
  if (found) {
    known.delete(key);
    known.set(key, found);
    return found;
  }
  for (let attempt = 0; ; attempt += 1) {
    await turn(signal);
    try {
      const url = URL.createObjectURL(await draw(look, model, signal));
      known.set(key, url);
      const oldest = known.keys().next().value;
      if (known.size > MOST && oldest !== undefined) {
        URL.revokeObjectURL(known.get(oldest) ?? '');
        known.delete(oldest);
      }
      return url;
    } catch (error) {
      const busy = error instanceof Problem && (error.status === 429 || error.status === 503);
      if (!busy || attempt > 4 || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(error.retryAfter ?? 1, 10) * 1000));
    } finally {
      running -= 1;
      next();
    }
  }
}
