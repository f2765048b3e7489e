/** What the gateway says went wrong (RFC 9457), or what kept us from asking it. */

export interface FieldError {
  pointer: string;
  detail: string;
}

/** A finding in a recipe; the same record that `aetherist check --json` prints. */
export interface Diagnostic {
  code: string;
  title?: string;
  message?: string;
  severity?: string;
  line?: number | null;
  column?: number | null;
  [more: string]: unknown;
}

export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  instance?: string;
  code?: string;
  request_id?: string;
  errors?: FieldError[];
  diagnostics?: Diagnostic[];
}

export class Problem extends Error {
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly errors: FieldError[];
  readonly diagnostics: Diagnostic[];
  /** Seconds to wait before asking again, where the gateway says so. */
  readonly retryAfter: number | null;

  constructor(body: ProblemBody, retryAfter: number | null = null) {
    super(body.detail || body.title || 'Something went wrong');
    this.name = 'Problem';
    this.code = body.code ?? 'internal';
    this.title = body.title ?? 'Something went wrong';
    this.status = body.status ?? 0;
    this.requestId = body.request_id ?? null;
    this.errors = body.errors ?? [];
    this.diagnostics = body.diagnostics ?? [];
    this.retryAfter = retryAfter;
  }

  static async of(response: Response): Promise<Problem> {
    const wait = Number.parseFloat(response.headers.get('retry-after') ?? '');
    let body: ProblemBody = {};
    if ((response.headers.get('content-type') ?? '').includes('json')) {
      body = (await response.json().catch(() => ({}))) as ProblemBody;
    }
    body.status ??= response.status;
    body.title ??= response.statusText || `The server answered ${response.status}`;
    return new Problem(body, Number.isFinite(wait) ? wait : null);
  }

  /** The problem of a server that cannot be reached. */
  static offline(): Problem {
    return new Problem({
      code: 'offline',
      title: 'The server does not answer',
      detail: 'The server does not answer. Is `aetherist serve` still running?'
    });
  }
}

/** Return anything thrown as a problem; null for what was cancelled on purpose. */
export function asProblem(thrown: unknown): Problem | null {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'AbortError') return null;
  return new Problem({ code: 'studio', title: 'Something went wrong', detail: String(thrown) });
}
