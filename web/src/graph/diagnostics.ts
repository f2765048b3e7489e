/** Faults of a recipe, and where they are shown: on lines of the text, and on blocks of the graph. */

import type { Graph } from './drawn';
import { INPUTS, OUTPUTS } from './blocks';
import { exactly, nearest, stepPath, type Entry } from './places';

export type Severity = 'error' | 'warning' | 'note';

export interface Where {
  file: string;
  line: number;
  column: number;
}

export interface Diagnostic {
  code: string;
  message: string;
  severity: Severity;
  where: Where | null;
  path: string;
  sides: { label: string; text: string; where: Where | null }[];
  notes: string[];
  fix: string | null;
}

/** Return all that there is to say, a line each. */
export function explained(diagnostic: Diagnostic): string[] {
  const lines = diagnostic.sides.map((side) => `${side.label} ${side.text}`);
  return [...lines, ...diagnostic.notes, ...(diagnostic.fix ? [`Fix: ${diagnostic.fix}`] : [])];
}

/** Return the range of the text that a diagnostic is shown at: where it says if that is in this text, or its path. */
export function rangeOf(diagnostic: Diagnostic, text: string, all: readonly Entry[]): { from: number; to: number } {
  const entry = diagnostic.path ? exactly(all, diagnostic.path) : null;
  const at = diagnostic.where && !isElsewhere(diagnostic) ? offset(text, diagnostic.where) : null;
  if (entry && (at === null || (entry.from <= at && at <= entry.to))) {
    const from = at ?? entry.from;
    return { from, to: Math.max(endOfWord(text, from), Math.min(entry.to, endOfLine(text, from))) };
  }
  if (at !== null) return { from: at, to: Math.max(endOfWord(text, at), at + 1) };
  const near = (diagnostic.path && nearest(all, diagnostic.path)) || exactly(all, 'extends');
  return near ? { from: near.from, to: near.keyTo } : { from: 0, to: Math.max(1, endOfLine(text, 0)) };
}

/** A fault in a recipe that this one extends, rather than in this text. */
function isElsewhere({ where }: Diagnostic): boolean {
  return where !== null && /\.ya?ml$/.test(where.file) && !/^<?(recipe|text)/.test(where.file);
}

function offset(text: string, { line, column }: Where): number | null {
  if (line < 1) return null;
  let start = 0;
  for (let count = 1; count < line; count++) {
    start = text.indexOf('\n', start) + 1;
    if (!start) return null;
  }
  return Math.min(start + Math.max(0, column - 1), endOfLine(text, start));
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

function endOfWord(text: string, from: number): number {
  const word = /^[\w.$-]+/.exec(text.slice(from, from + 80));
  return from + (word?.[0].length ?? 1);
}

/** Return the name of the block of a graph (a step, its inputs or outputs) that a diagnostic is about. */
export function blocksOf(diagnostic: Diagnostic, graph: Graph, all: readonly Entry[]): string[] {
  const { path } = diagnostic;
  const [kind, name, part] = path.split('.');
  if (kind === 'components')
    return graph.steps.filter((step) => step.component === name || step.component.startsWith(name + '.')).map((s) => s.name);
  if (kind !== 'graphs') return [];
  if (name === graph.name && part === 'inputs') return [INPUTS];
  if (name === graph.name && part === 'outputs') return [OUTPUTS];
  return graph.steps
    .filter((step) => {
      const own = stepPath(all, graph.name, step.name) ?? `graphs.${graph.name}.steps.${step.name}`;
      return path === own || path.startsWith(own + '.');
    })
    .map((step) => step.name);
}
