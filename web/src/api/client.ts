/** Requests to the gateway: JSON in and out, problems as exceptions, and the key where there is one. */
import { Problem } from './problem';

const KEY = 'aetherist.key';

let key: string | null = sessionStorage.getItem(KEY);
let whenRefused: (() => void) | null = null;

/** Return the API key of this browser tab. */
export function apiKey(): string | null {
  return key;
}

/** Keep a key until the tab is closed; null forgets it. */
export function setApiKey(value: string | null): void {
  key = value;
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/** Call this when a request was refused for want of a key. */
export function onUnauthenticated(callback: () => void): void {
  whenRefused = callback;
}

export interface Options {
  method?: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;
  accept?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Send a request and return the response.
 *
 * @throws Problem for every answer that is not a success, and for none.
 */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json', ...options.headers };
  if (key) headers.authorization = `Bearer ${key}`;
  let body: BodyInit | undefined = options.body;
  if (options.json !== undefined) {
    headers['content-type'] = 'application/json';
    body = JSON.stringify(options.json);
  }
  let response: Response;
  try {
    response = await fetch(path, { method: options.method ?? (body ? 'POST' : 'GET'), headers, body, signal: options.signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw Problem.offline();
  }
  if (response.ok) return response;
  if (response.status === 401) whenRefused?.();
  throw await Problem.of(response);
}

/** Return the JSON of an answer; undefined where it has no body. */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/** Return the bytes of an answer. */
export async function blob(path: string, options: Options = {}): Promise<Blob> {
  return (await send(path, { accept: '*/*', ...options })).blob();
}

/** Return a path with its query; null and undefined values are left out. */
export function query(path: string, values: Record<string, string | number | boolean | null | undefined>): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value != null) text.set(name, String(value));
  const tail = text.toString();
  return tail ? `${path}?${tail}` : path;
}
