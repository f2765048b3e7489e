/** Which entry of a YAML text stands where, so that nodes, lines and diagnostics find each other. */

import { yamlLanguage } from '@codemirror/lang-yaml';
import type { SyntaxNode } from '@lezer/common';

export interface Entry {
  /** Its keys from the top: `graphs.generate.steps.view`. */
  path: string;
  /** Where its key stands. */
  from: number;
  keyTo: number;
  /** Where its value ends. */
  to: number;
  /** Its value, where that is a word. */
  word: string | null;
}

/** Return every entry of maps in the text, outer before inner; list items are numbers. */
export function entries(text: string): Entry[] {
  const found: Entry[] = [];
  const visit = (node: SyntaxNode, path: string): void => {
    let index = 0;
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name === 'Pair') {
        const key = child.getChild('Key');
        if (!key) continue;
        const name = text.slice(key.from, key.to).replace(/^["']|["']$/g, '');
        const inner = path ? `${path}.${name}` : name;
        const value = child.lastChild;
        const word = value && value.name.endsWith('Literal') ? text.slice(value.from, value.to) : null;
        found.push({ path: inner, from: key.from, keyTo: key.to, to: child.to, word });
        if (value && value.name !== 'Key') visit(value, inner);
      } else if (child.name === 'Item') visit(child, `${path}.${index++}`);
      else if (child.name !== 'Key') visit(child, path);
    }
  };
  visit(yamlLanguage.parser.parse(text).topNode, '');
  return found;
}

/** Return the entry of a path, or of the nearest one around it. */
export function nearest(all: readonly Entry[], path: string): Entry | null {
  for (let parts = path.split('.'); parts.length; parts = parts.slice(0, -1)) {
    const wanted = parts.join('.');
    const found = all.find((entry) => entry.path === wanted);
    if (found) return found;
  }
  return null;
}

export function exactly(all: readonly Entry[], path: string): Entry | null {
  return all.find((entry) => entry.path === path) ?? null;
}

/** Return the innermost entry that a place in the text belongs to. */
export function entryAt(all: readonly Entry[], position: number): Entry | null {
  let found: Entry | null = null;
  for (const entry of all) if (entry.from <= position && position <= entry.to) found = entry;
  return found;
}

/** Return the path of a step in its recipe. A step of a nested graph is found through the calls that lead to it. */
export function stepPath(all: readonly Entry[], graph: string, step: string): string | null {
  const parts = step.split('.');
  let inside = graph;
  for (const [index, part] of parts.entries()) {
    const path = `graphs.${inside}.steps.${part}`;
    if (index === parts.length - 1) return path;
    const call = exactly(all, `${path}.call`);
    if (!call?.word) return null;
    inside = call.word;
  }
  return null;
}
