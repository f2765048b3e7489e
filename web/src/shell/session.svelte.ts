/** What the server says of itself and of whoever asks. */
import { apiKey, onUnauthenticated, request, setApiKey } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import type { Session } from '../api/types';

class SessionState {
  info = $state<Session | null>(null);
  problem = $state<Problem | null>(null);
  /** Whether a key has to be given before anything works. */
  locked = $state(false);
  /** Changes when another key is in use, so that pages load again. */
  generation = $state(0);

  constructor() {
    onUnauthenticated(() => (this.locked = true));
  }

  async load(): Promise<void> {
    try {
      this.info = await request<Session>('/v1/session');
      this.locked = this.info.keys_required && !this.info.caller;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** Try a key; returns what is wrong with it. */
  async unlock(key: string): Promise<string | null> {
    setApiKey(key);
    try {
      const info = await request<Session>('/v1/session');
      if (info.keys_required && !info.caller) throw new Error('refused');
      this.info = info;
      this.locked = false;
      this.generation += 1;
      return null;
    } catch (error) {
      setApiKey(null);
      const problem = asProblem(error);
      return problem?.code === 'offline' ? problem.message : 'The server does not know this key, or it was revoked.';
    }
  }

  /** Forget the key. */
  lock(): void {
    setApiKey(null);
    this.locked = this.info?.keys_required ?? false;
  }

  get hasKey(): boolean {
    return this.generation >= 0 && apiKey() !== null;
  }

  may(scope: 'read' | 'generate' | 'admin'): boolean {
    if (this.info && !this.info.keys_required && !this.info.caller) return true;
    const scopes = this.info?.caller?.scopes ?? [];
    return scopes.includes(scope) || scopes.includes('admin') || (scope === 'read' && scopes.includes('generate'));
  }
}

export const session = new SessionState();
