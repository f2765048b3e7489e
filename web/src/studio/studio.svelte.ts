/** The state of the studio: who is looked at, from where, and what may be done about it. */
import { query, request } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import type { Avatar, Direction, ModelDetail, ModelSummary, Page } from '../api/types';
import { session } from '../shell/session.svelte';
import { toasts } from '../ui/toasts.svelte';
import { decode, encode, type Place } from './address';
import { groups, randomStrength, type Axis, type Group } from './axes';
import { FRONT, kept, type Angle } from './camera';
import { DEEPEST, depth, MOST_SEEDS, ofSeed, pruned, sameLook, title, toSpec, type Look, type MixBase } from './look';
import { Past } from './past.svelte';

/** Random seeds are short enough to be told to somebody. */
const RANDOM_SEEDS = 100_000;
const FIRST = 5;

export class Studio {
  models = $state.raw<ModelSummary[]>([]);
  model = $state.raw<ModelDetail | null>(null);
  groups = $state.raw<Group[]>([]);
  problem = $state.raw<Problem | null>(null);

  look = $state.raw<Look>(ofSeed(FIRST));
  /** Whether a slider is being dragged: views are quick then, and nothing is noted. */
  moving = $state(false);
  angle = $state.raw<Angle>(FRONT);
  output = $state('image');
  locks = $state.raw<readonly string[]>([]);
  past = new Past();

  comparing = $state(false);
  /** Who stands before; null for the same person without edits. */
  pinned = $state.raw<Look | null>(null);

  saved = $state.raw<Avatar[] | null>(null);
  /** Where the rest of the saved ones begins. */
  moreSaved = $state<string | null>(null);

  readonly axes = $derived(this.groups.flatMap((group) => group.axes));
  readonly spec = $derived(toSpec(this.look, this.model?.style_shape[0] ?? 0));
  readonly before = $derived<Look>(this.pinned ?? { base: this.look.base, edits: {} });
  readonly title = $derived(title(this.look));
  readonly psi = $derived(this.look.base.kind === 'seed' ? (this.look.base.psi ?? this.usualPsi) : null);
  readonly edited = $derived(Object.keys(this.look.edits).length);

  get usualPsi(): number {
    return this.model?.psi ?? 1;
  }

  get thumbModel() {
    return { name: this.model?.name ?? '', styleLayers: this.model?.style_shape[0] ?? 0 };
  }

  /** Load what the address names; what was open before, if it names nobody. */
  async open(search: string): Promise<void> {
    const place = decode(search);
    this.problem = null;
    try {
      this.models = (await request<{ items: ModelSummary[] }>('/v1/models')).items;
      const wanted = place?.model ?? this.model?.name ?? session.info?.default_model ?? this.models[0]?.name ?? '';
      await this.#load(wanted);
    } catch (error) {
      const problem = asProblem(error);
      if (problem && (problem.status === 503 || problem.status === 429)) {
        // A server that has just started still loads its models.
        await new Promise((resolve) => setTimeout(resolve, 1000 * (problem.retryAfter ?? 1)));
        return this.open(search);
      }
      this.problem = problem;
      return;
    }
    if (place) this.restore(place);
    else if (!this.past.current) this.change(this.look, this.title);
  }

  async #load(name: string): Promise<void> {
    if (this.model?.name === name) return;
    const address = `/v1/models/${encodeURIComponent(name)}`;
    const [model, directions] = await Promise.all([
      request<ModelDetail>(address),
      request<{ items: Direction[] }>(`${address}/directions`)
    ]);
    this.groups = groups(directions.items);
    this.saved = null;
    this.model = model;
  }

  /** Look at the same seed of another model. */
  async choose(name: string): Promise<void> {
    try {
      await this.#load(name);
      this.change(ofSeed(this.look.base.kind === 'seed' ? this.look.base.seed : FIRST), `Model ${name}`);
      this.pinned = null;
      if (!this.outputs.includes(this.output)) this.output = 'image';
    } catch (error) {
      toasts.problem(error);
    }
  }

  get outputs(): string[] {
    return [...(this.model?.outputs ?? ['image']), ...(this.model?.field ? ['mesh'] : [])];
  }

  restore(place: Place): void {
    this.angle = kept(place);
    this.locks = place.locks;
    this.output = this.outputs.includes(place.output) ? place.output : 'image';
    const names = this.axes.map((axis) => axis.name);
    const look = pruned(place.look, names);
    if (!sameLook(look, place.look)) {
      toasts.say('The link has edits that this model knows no directions for; they are left out.', { kind: 'problem' });
    }
    this.change(look, title(look));
  }

  get place(): Place {
    const model = this.model?.default === false ? this.model.name : null;
    return { model, look: this.look, ...this.angle, output: this.output, locks: [...this.locks] };
  }

  get address(): string {
    return encode(this.place);
  }

  /** Show somebody, and note it. */
  change(look: Look, label: string): void {
    this.look = look;
    this.moving = false;
    this.past.push(look, label);
  }

  /** Show somebody while a slider moves. */
  preview(look: Look): void {
    this.look = look;
    this.moving = true;
  }

  undo(): void {
    this.#go(this.past.at - 1);
  }

  redo(): void {
    this.#go(this.past.at + 1);
  }

  #go(to: number): void {
    const look = this.past.go(to);
    if (!look) return;
    this.look = look;
    this.moving = false;
  }

  goTo(step: number): void {
    this.#go(step);
  }

  // Seeds

  seed(seed: number): void {
    const whole = Math.min(MOST_SEEDS - 1, Math.max(0, Math.floor(seed)));
    const psi = this.look.base.kind === 'seed' ? this.look.base.psi : null;
    const cutoff = this.look.base.kind === 'seed' ? this.look.base.cutoff : null;
    this.change({ base: { kind: 'seed', seed: whole, psi, cutoff }, edits: this.look.edits }, `Seed ${whole}`);
  }

  withPsi(psi: number): Look {
    const { base, edits } = this.look;
    if (base.kind !== 'seed') return this.look;
    return { base: { ...base, psi: psi === this.usualPsi ? null : psi }, edits };
  }

  /** Somebody else. What is locked stays, what is not goes back to nothing. */
  random(): void {
    const seed = Math.floor(Math.random() * RANDOM_SEEDS);
    const psi = this.look.base.kind === 'seed' ? this.look.base.psi : null;
    const edits = Object.fromEntries(Object.entries(this.look.edits).filter(([name]) => this.locks.includes(name)));
    this.change({ base: { kind: 'seed', seed, psi, cutoff: null }, edits }, `Seed ${seed}`);
  }

  // Attributes

  withEdit(name: string, strength: number): Look {
    const edits = { ...this.look.edits, [name]: strength };
    if (!strength) delete edits[name];
    return { base: this.look.base, edits };
  }

  /** Random strengths for the same person, but for what is locked. */
  shuffle(): void {
    const edits = { ...this.look.edits };
    for (const axis of this.axes) if (!this.locks.includes(axis.name)) edits[axis.name] = randomStrength(axis);
    this.change({ base: this.look.base, edits }, 'Shuffle');
  }

  /** Take edits away, but for what is locked. */
  clear(axes: Axis[] = this.axes): void {
    const gone = axes.map((axis) => axis.name).filter((name) => !this.locks.includes(name));
    const edits = Object.fromEntries(Object.entries(this.look.edits).filter(([name]) => !gone.includes(name)));
    this.change({ base: this.look.base, edits }, 'Reset');
  }

  lock(name: string, locked: boolean): void {
    const others = this.locks.filter((one) => one !== name);
    this.locks = locked ? [...others, name] : others;
  }

  // Mixing

  mix(other: Look): void {
    const a = this.look;
    if (depth(a) >= DEEPEST || depth(other) >= DEEPEST) {
      toasts.say('A mix of mixes goes only so deep. Save this avatar, and mix the saved one.', { kind: 'problem' });
      return;
    }
    const base: MixBase = { kind: 'mix', a, b: other, amount: 0.5, layers: 'all', space: 'w' };
    this.change({ base, edits: {} }, `Mix with ${title(other)}`);
  }

  withMix(changes: Partial<MixBase>): Look {
    const { base, edits } = this.look;
    return base.kind === 'mix' ? { base: { ...base, ...changes }, edits } : this.look;
  }

  // Comparing

  compare(on: boolean): void {
    this.comparing = on;
    // Without edits there is no before to see: what was shown last is one.
    const last = this.past.steps[this.past.at - 1];
    if (on && !this.edited && !this.pinned && last && !sameLook(last.look, this.look)) this.pinned = last.look;
    if (!on) this.pinned = null;
  }

  // Keeping

  /** Load the newest that were saved, or those that come after. */
  async loadSaved(more = false): Promise<void> {
    const before = more ? this.moreSaved : null;
    const page = await request<Page<Avatar>>(query('/v1/avatars', { model: this.model?.name, limit: 48, before }));
    this.saved = [...(more ? (this.saved ?? []) : []), ...page.items];
    this.moreSaved = page.next;
  }

  async save(name: string): Promise<Avatar> {
    const json = { model: this.model?.name, person: this.spec, name: name || null };
    const avatar = await request<Avatar>('/v1/avatars', { json });
    this.saved = [avatar, ...(this.saved ?? [])];
    for (const warning of avatar.warnings ?? []) toasts.say(warning, { kind: 'problem' });
    return avatar;
  }
}

export const studio = new Studio();
