/** The view: who is looked at from where goes out, pictures come in, and only the newest one counts. */
import { apiKey } from './client';
import { Problem, type ProblemBody } from './problem';
import type { AvatarSpec, CameraSpec } from './types';

export interface ViewRequest {
  person: AvatarSpec;
  camera: CameraSpec;
  /** Whether more is to come at once: the gateway then leaves out what is slow. */
  moving: boolean;
  output: string;
  size?: number | null;
}

export interface Frame {
  id: number;
  width: number;
  height: number;
  moving: boolean;
  output: string;
  milliseconds: number;
  picture: Blob;
}

export type ViewState = 'connecting' | 'ready' | 'waiting' | 'closed';

export interface ViewHandlers {
  frame: (frame: Frame, request: ViewRequest) => void;
  problem: (problem: Problem) => void;
  state?: (state: ViewState) => void;
}

/** Requests that may be under way at once: one is rendered while the other travels. */
const UNDER_WAY = 2;
const PATIENCE = 20_000;

export class View {
  #socket: WebSocket | null = null;
  #model: string;
  #handlers: ViewHandlers;
  #ready = false;
  #closed = false;
  #next = 1;
  #sent = new Map<number, { request: ViewRequest; at: number }>();
  #pending: ViewRequest | null = null;
  #newest: ViewRequest | null = null;
  #wait = 400;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: string, handlers: ViewHandlers) {
    this.#model = model;
    this.#handlers = handlers;
    this.#connect();
  }

  /** Ask for a view; what was asked before and is not under way yet is forgotten. */
  show(request: ViewRequest): void {
    this.#newest = this.#pending = request;
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#handlers.state?.('closed');
  }

  #connect(): void {
    this.#handlers.state?.('connecting');
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/v1/view`);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: 'hello', key: apiKey(), model: this.#model, format: 'webp' }));
    socket.onmessage = ({ data }) => (typeof data === 'string' ? this.#text(data) : this.#picture(data));
    socket.onclose = ({ code }) => this.#lost(code);
  }

  #text(data: string): void {
    const message = JSON.parse(data) as { type: string; id?: number } & ProblemBody;
    if (message.type === 'ready') {
      this.#ready = true;
      this.#wait = 400;
      this.#handlers.state?.('ready');
      this.#flush();
    } else {
      if (message.id != null) this.#settle(message.id);
      this.#handlers.problem(new Problem(message));
      this.#flush();
    }
  }

  #picture(data: ArrayBuffer): void {
    const length = new DataView(data).getUint32(0);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))) as Omit<Frame, 'picture'>;
    const bytes = new Uint8Array(data, 4 + length);
    const type = bytes[0] === 0xff ? 'image/jpeg' : bytes[0] === 0x89 ? 'image/png' : 'image/webp';
    const request = this.#settle(header.id);
    if (request) this.#handlers.frame({ ...header, picture: new Blob([bytes], { type }) }, request);
    this.#flush();
  }

  /** Forget a request that was answered, and those before it, which will not be. */
  #settle(id: number): ViewRequest | null {
    const request = this.#sent.get(id)?.request ?? null;
    for (const older of this.#sent.keys()) if (older <= id) this.#sent.delete(older);
    return request;
  }

  #flush(): void {
    const now = performance.now();
    for (const [id, { at }] of this.#sent) if (now - at > PATIENCE) this.#sent.delete(id);
    if (!this.#ready || !this.#pending || this.#sent.size >= UNDER_WAY) return;
    const id = this.#next++;
    this.#sent.set(id, { request: this.#pending, at: now });
    this.#socket?.send(JSON.stringify({ type: 'view', id, ...this.#pending }));
    this.#pending = null;
  }

  #lost(code: number): void {
    this.#ready = false;
    this.#sent.clear();
    this.#pending ??= this.#newest;
    if (this.#closed) return;
    if (code === 4401 || code === 4403) {
      this.#closed = true;
      const detail = code === 4401 ? 'The server wants a key.' : 'The server refuses pages from this address.';
      this.#handlers.problem(new Problem({ code: code === 4401 ? 'unauthenticated' : 'forbidden', title: detail }));
      this.#handlers.state?.('closed');
      return;
    }
    this.#handlers.state?.('waiting');
    this.#timer = setTimeout(() => this.#connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, 10_000);
  }
}
