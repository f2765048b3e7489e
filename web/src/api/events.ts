/** Server-sent events over fetch: EventSource cannot send a key. */
import { send } from './client';
import { Problem } from './problem';

export interface ServerEvent {
  type: string;
  id: string | null;
  data: string;
}

/** Yield the events of one response. */
export async function* parse(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  let event = { type: 'message', id: null as string | null, data: [] as string[] };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (event.data.length) yield { ...event, data: event.data.join('\n') };
          event = { type: 'message', id: event.id, data: [] };
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') event.type = text;
        else if (field === 'data') event.data.push(text);
        else if (field === 'id') event.id = text;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

const pause = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Follow a stream of events, taken up where it broke off, until the callback returns true or the signal aborts.
 *
 * @throws Problem if the gateway refuses; a server that went away is asked again.
 */
export async function follow(
  path: string,
  signal: AbortSignal,
  onEvent: (event: ServerEvent) => unknown,
  onState?: (connected: boolean) => void
): Promise<void> {
  let last: string | null = null;
  let wait = 500;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = last ? { 'last-event-id': last } : {};
      const response = await send(path, { accept: 'text/event-stream', headers, signal });
      onState?.(true);
      if (response.body) {
        for await (const event of parse(response.body)) {
          last = event.id ?? last;
          wait = 500;
          if (onEvent(event) === true) return;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
    }
    if (signal.aborted) return;
    onState?.(false);
    await pause(wait, signal);
    wait = Math.min(wait * 2, 8000);
  }
}
