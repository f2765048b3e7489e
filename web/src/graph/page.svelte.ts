/** What the Graph page shows: a recipe's text, what was found in it, its graphs, and what is selected. */

import { asProblem, Problem, request } from '../api';
import { INPUTS, OUTPUTS, scopes, toBlocks, type Block, type Blocks } from './blocks';
import { blocksOf, rangeOf, type Diagnostic } from './diagnostics';
import { readGraph, type Graph } from './drawn';
import { entries, entryAt, exactly, stepPath, type Entry } from './places';
import { measures, type Measure } from './run.svelte';

export type Checking = 'none' | 'checking' | 'ok' | 'faults' | 'unanswered';

interface RecipeAnswer {
  name: string;
  text: string;
  composed?: string | null;
  graphs: Record<string, unknown>[];
  diagnostics?: Diagnostic[];
}

interface CheckAnswer {
  ok: boolean;
  diagnostics: Diagnostic[];
  graphs: Record<string, unknown>[];
}

/** What is looked at: the recipe of a model that is served, or one that ships. */
export interface Source {
  kind: 'model' | 'recipe';
  name: string;
}

const DEBOUNCE = 250;

class GraphPage {
  recipes = $state.raw<string[]>([]);
  models = $state.raw<string[]>([]);
  source = $state.raw<Source | null>(null);
  text = $state('');
  original = $state('');
  composed = $state('');
  /** Which text the editor shows; the composed one cannot be edited. */
  reading = $state<'source' | 'composed'>('source');
  graphs = $state.raw<Graph[]>([]);
  /** Graphs that did not pass the last check: they are shown as they last did. */
  stale = $state.raw<ReadonlySet<string>>(new Set());
  graphName = $state('');
  folded = $state.raw<ReadonlySet<string>>(new Set());
  moved = $state.raw<ReadonlySet<string>>(new Set());
  selected = $state<string | null>(null);
  diagnostics = $state.raw<Diagnostic[]>([]);
  checking = $state<Checking>('none');
  problem = $state.raw<Problem | null>(null);
  loading = $state(false);
  /** A place that the editor is to show; counts up so that the same place can be asked for again. */
  wanted = $state.raw<{ position: number; count: number; focus: boolean } | null>(null);

  graph = $derived(this.graphs.find((graph) => graph.name === this.graphName) ?? null);
  blocks: Blocks = $derived(this.graph ? toBlocks(this.graph, this.folded, this.graphs) : { blocks: [], wires: [] });
  edited = $derived(this.text !== this.original);
  /** The model whose weights a run has; a recipe that was changed, or is no model's, gets fresh ones. */
  weights = $derived(this.source?.kind === 'model' && !this.edited ? this.source.name : null);
  entries = $derived(entries(this.text));
  #composedEntries = $derived(entries(this.composed));
  shownEntries = $derived(this.reading === 'composed' ? this.#composedEntries : this.entries);
  block = $derived(this.blocks.blocks.find((block) => block.id === this.selected) ?? null);
  errors = $derived(this.diagnostics.filter((d) => d.severity === 'error').length);
  /** Diagnostics with the names of the steps, inputs or outputs that they are about. */
  #faults = $derived.by(() => {
    const graph = this.graph;
    return graph ? this.diagnostics.map((about) => ({ about, names: blocksOf(about, graph, this.entries) })) : [];
  });

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: AbortController | null = null;
  #drafts = new Map<string, string>();

  /** Find out what there is to choose from. */
  async list(): Promise<void> {
    try {
      const names = async (path: string): Promise<string[]> =>
        (await request<{ items: (string | { name: string })[] }>(path)).items.map((it) => (typeof it === 'string' ? it : it.name));
      [this.recipes, this.models] = await Promise.all([names('/v1/recipes'), names('/v1/models')]);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  /** Open a recipe, with the changes that were made to it in this tab. */
  async open(source: Source, graph?: string | null, step?: string | null): Promise<void> {
    if (this.source) this.#drafts.set(keyOf(this.source), this.text);
    this.loading = true;
    try {
      const name = encodeURIComponent(source.name);
      const answer = await request<RecipeAnswer>(source.kind === 'model' ? `/v1/models/${name}/recipe` : `/v1/recipes/${name}`);
      this.#asked?.abort();
      clearTimeout(this.#timer);
      measures.clear();
      this.problem = null;
      this.source = source;
      this.original = answer.text;
      this.composed = answer.composed ?? '';
      this.reading = 'source';
      this.graphs = answer.graphs.map(readGraph);
      this.stale = new Set();
      this.diagnostics = answer.diagnostics ?? [];
      this.text = this.#drafts.get(keyOf(source)) ?? answer.text;
      this.show(graph && this.graphs.some((g) => g.name === graph) ? graph : this.#first(), step ?? null);
      await this.check();
    } catch (error) {
      this.problem = asProblem(error);
    } finally {
      this.loading = false;
    }
  }

  #first(): string {
    return (this.graphs.find((graph) => graph.name === 'generate') ?? this.graphs[0])?.name ?? '';
  }

  /** Show a graph, nested ones folded. */
  show(graph: string, step: string | null = null): void {
    this.graphName = graph;
    this.folded = new Set(this.graph ? scopes(this.graph) : []);
    this.moved = new Set();
    this.selected = null;
    if (step) this.select(step);
  }

  fold(scope: string, folded: boolean): void {
    const others = [...this.folded].filter((name) => name !== scope);
    this.folded = new Set(folded ? [...others, scope] : others);
    this.moved = new Set();
    if (!this.blocks.blocks.some((block) => block.id === this.selected)) this.selected = folded ? scope : null;
  }

  foldAll(folded: boolean): void {
    this.folded = new Set(folded && this.graph ? scopes(this.graph) : []);
    this.moved = new Set();
    this.selected = null;
  }

  /** Select a block; a step inside of a folded graph unfolds it. */
  select(id: string | null): void {
    if (id !== null) {
      const around = [...this.folded].filter((scope) => id.startsWith(scope + '.'));
      for (const scope of around) this.fold(scope, false);
    }
    this.selected = id;
  }

  /** Take in what was typed. */
  type(text: string): void {
    if (this.reading !== 'source' || text === this.text) return;
    this.text = text;
    clearTimeout(this.#timer);
    this.checking = 'checking';
    this.#timer = setTimeout(() => void this.check(), DEBOUNCE);
  }

  revert(): void {
    this.text = this.original;
    void this.check();
  }

  /** Have the text checked; the newest question wins. */
  async check(level: 'static' | 'dry' = 'static'): Promise<void> {
    this.#asked?.abort();
    const asked = (this.#asked = new AbortController());
    this.checking = 'checking';
    try {
      const body = { text: this.text, overrides: [], level };
      const answer = await request<CheckAnswer>('/v1/recipes/check', { json: body, signal: asked.signal });
      if (asked.signal.aborted) return;
      this.problem = null;
      this.#take(answer);
    } catch (error) {
      if (asked.signal.aborted) return;
      const problem = asProblem(error);
      if (problem?.diagnostics.length)
        this.#take({ ok: false, diagnostics: problem.diagnostics as unknown as Diagnostic[], graphs: [] });
      else {
        this.checking = 'unanswered';
        this.problem = problem;
      }
    }
  }

  #take(answer: CheckAnswer): void {
    const sound = answer.graphs.map(readGraph);
    const names = new Set(sound.map((graph) => graph.name));
    // A graph that is no longer sound stays as it was, as long as the text speaks of it or cannot be read.
    const spoken = (name: string): boolean =>
      !answer.ok && (!sound.length || this.#inherits || exactly(this.entries, `graphs.${name}`) !== null);
    const kept = this.graphs.filter((graph) => !names.has(graph.name) && spoken(graph.name));
    this.stale = new Set(kept.map((graph) => graph.name));
    const order = this.graphs.map((graph) => graph.name);
    const place = (graph: Graph): number => (order.indexOf(graph.name) + order.length + 1) % (order.length + 1);
    this.graphs = [...sound, ...kept].sort((a, b) => place(a) - place(b));
    this.diagnostics = answer.diagnostics;
    this.checking = answer.diagnostics.some((d) => d.severity === 'error') ? 'faults' : answer.ok ? 'ok' : 'faults';
    if (!this.graph) this.show(this.#first());
    else if (!this.blocks.blocks.some((block) => block.id === this.selected)) this.selected = null;
  }

  get #inherits(): boolean {
    return exactly(this.entries, 'extends') !== null || this.entries.length === 0;
  }

  faultsOf(block: Block): Diagnostic[] {
    const own = block.steps.length ? block.steps.map((step) => step.name) : [block.id];
    return this.#faults.filter(({ names }) => names.some((name) => own.includes(name))).map(({ about }) => about);
  }

  /** Return the blocks that a diagnostic is shown on, in the graph that is shown. */
  blockOf(diagnostic: Diagnostic): string | null {
    if (!this.graph) return null;
    return blocksOf(diagnostic, this.graph, this.entries)[0] ?? null;
  }

  measureOf(block: Block): Measure | null {
    if (!block.steps.length || measures.graph !== this.graphName) return null;
    return measures.over(block.steps.map((step) => step.name));
  }

  /** Have the editor show a diagnostic. */
  goTo(diagnostic: Diagnostic, focus = true): void {
    this.reading = 'source';
    this.#want(rangeOf(diagnostic, this.text, this.entries).from, focus);
    const [kind, graph] = diagnostic.path.split('.');
    if (kind === 'graphs' && graph !== this.graphName && this.graphs.some((g) => g.name === graph)) this.show(graph!);
    const block = this.blockOf(diagnostic);
    if (block) this.select(block);
  }

  /** Have the editor show the line of a block; where this text does not have it, in the composed recipe. */
  goToLine(id: string, focus = true): void {
    const found = this.#lineOf(id);
    if (!found) return;
    this.reading = found.reading;
    this.#want(found.from, focus);
  }

  hasLine(id: string): boolean {
    return this.#lineOf(id) !== null;
  }

  #lineOf(id: string): { reading: 'source' | 'composed'; from: number } | null {
    const path = (all: Entry[]): string | null =>
      id === INPUTS ? `graphs.${this.graphName}.inputs`
      : id === OUTPUTS ? `graphs.${this.graphName}.outputs`
      : stepPath(all, this.graphName, id);
    for (const reading of [this.reading, 'source', 'composed'] as const) {
      const all = reading === 'source' ? this.entries : this.#composedEntries;
      const found = exactly(all, path(all) ?? '');
      if (found) return { reading, from: found.from };
    }
    return null;
  }

  #want(position: number, focus: boolean): void {
    this.wanted = { position, focus, count: (this.wanted?.count ?? 0) + 1 };
  }

  /** Select what the cursor of the editor stands in. */
  cursorAt(position: number): void {
    const parts = entryAt(this.shownEntries, position)?.path.split('.') ?? [];
    if (parts[0] === 'graphs' && parts[1]) {
      if (parts[1] !== this.graphName && this.graphs.some((graph) => graph.name === parts[1])) this.show(parts[1]);
      if (parts[1] !== this.graphName) return;
      const id = parts[2] === 'inputs' ? INPUTS : parts[2] === 'outputs' ? OUTPUTS : parts[2] === 'steps' ? parts[3] : null;
      if (id && this.blocks.blocks.some((block) => block.id === id)) this.selected = id;
    } else if (parts[0] === 'components' && parts[1]) {
      const step = this.graph?.steps.find((step) => step.component === parts[1]);
      if (step) this.select(step.name);
    }
  }
}

function keyOf({ kind, name }: Source): string {
  return `${kind} ${name}`;
}

export const page = new GraphPage();
