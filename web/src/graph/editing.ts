/** The YAML editor: CodeMirror with the studio's looks, diagnostics in the gutter and under words, and measured times. */

import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic as Mark } from '@codemirror/lint';
import { Compartment, EditorState, StateEffect, StateField, type Extension } from '@codemirror/state';
import {
  Decoration, EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers,
  WidgetType, type DecorationSet,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';


const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--code-key)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--code-value)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: 'var(--ink-3)' },
  { tag: [tags.labelName, tags.typeName, tags.meta], color: 'var(--code-mark)' },
]);

const looks = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: 'var(--text-s)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.65' },
  '.cm-content': { padding: '10px 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 12px 0 6px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--ink-3)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground':
    { backgroundColor: 'var(--accent-wash)' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--hover)', border: 'none', color: 'var(--ink-2)', padding: '0 6px' },
  '.cm-matchingBracket': { backgroundColor: 'var(--hover)', outline: '1px solid var(--line)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)', color: 'var(--ink)', border: '1px solid var(--line)',
    borderRadius: 'var(--radius)', boxShadow: 'var(--shadow-2)', maxWidth: '36rem',
  },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--font)', whiteSpace: 'pre-line' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--danger)' },
  '.cm-diagnostic-warning': { borderLeft: '3px solid var(--warn)' },
  '.cm-diagnostic-info': { borderLeft: '3px solid var(--line-strong)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--danger) 1px', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn) 1px', textUnderlineOffset: '3px' },
  '.cm-lintRange-info': { backgroundImage: 'none', textDecoration: 'underline dotted var(--line-strong) 1px', textUnderlineOffset: '3px' },
  '.cm-gutter-lint': { width: '1.1em' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0.35em 0.2em' },
  '.cm-lint-marker': { width: '0.75em', height: '0.75em', content: '""', borderRadius: '50%' },
  '.cm-lint-marker-error': { background: 'var(--danger)', content: '""' },
  '.cm-lint-marker-warning': { background: 'var(--warn)', content: '""', borderRadius: '1px', transform: 'rotate(45deg) scale(0.85)' },
  '.cm-lint-marker-info': { background: 'var(--line-strong)', content: '""' },
  '.cm-aside': { color: 'var(--ink-3)', marginLeft: '2ch', fontFamily: 'var(--font)', fontVariantNumeric: 'tabular-nums' },
  '.cm-aside.fault-error': { color: 'var(--danger)' },
  '.cm-aside.fault-warning': { color: 'var(--warn)' },
  '.cm-flash': { backgroundColor: 'var(--accent-wash)' },
});

class AsideWidget extends WidgetType {
  constructor(readonly text: string, readonly kind: string) {
    super();
  }

  override eq(other: AsideWidget): boolean {
    return other.text === this.text && other.kind === this.kind;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = `cm-aside ${this.kind}`;
    element.textContent = this.text;
    return element;
  }
}

const setAsides = StateEffect.define<{ at: number; text: string; kind: string }[]>();
const setFlash = StateEffect.define<number | null>();

const asides = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    value = value.map(transaction.changes);
    for (const effect of transaction.effects)
      if (effect.is(setAsides))
        value = Decoration.set(
          effect.value.map(({ at, text, kind }) =>
            Decoration.widget({ widget: new AsideWidget(text, kind), side: 1 }).range(transaction.state.doc.lineAt(at).to)),
          true,
        );
    return value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const flash = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    value = transaction.docChanged ? Decoration.none : value;
    for (const effect of transaction.effects)
      if (effect.is(setFlash))
        value = effect.value === null
          ? Decoration.none
          : Decoration.set([Decoration.line({ class: 'cm-flash' }).range(transaction.state.doc.lineAt(effect.value).from)]);
    return value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const locking = new Compartment();

export interface EditorEvents {
  changed: (text: string) => void;
  moved: (position: number) => void;
}

/** Put an editor into an element. */
export function createEditor(parent: HTMLElement, text: string, events: EditorEvents): EditorView {
  const extensions: Extension[] = [
    lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(),
    highlightActiveLine(), highlightActiveLineGutter(), lintGutter(), indentUnit.of('  '), EditorState.tabSize.of(2),
    yaml(), syntaxHighlighting(colours), looks, asides, flash, locking.of([]),
    EditorView.contentAttributes.of({ 'aria-label': 'Recipe as YAML', spellcheck: 'false' }),
    // Escape, then Tab, leaves the editor: indentWithTab would keep the keyboard in.
    keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap, indentWithTab]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) events.changed(update.state.doc.toString());
      const { empty, head } = update.state.selection.main;
      if (empty && update.selectionSet && update.transactions.some((t) => t.isUserEvent('select'))) events.moved(head);
    }),
  ];
  return new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
}

export function replaceText(view: EditorView, text: string): void {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 } });
  view.scrollDOM.scrollTop = 0;
}

/** Let a text only be read, or changed again. */
export function lock(view: EditorView, locked: boolean): void {
  const effect = locking.reconfigure(locked ? [EditorState.readOnly.of(true)] : []);
  view.dispatch({ effects: effect });
}

/** Show diagnostics under words and in the gutter, and short texts behind lines. */
export function annotate(view: EditorView, marks: Mark[], texts: { at: number; text: string; kind: string }[]): void {
  const length = view.state.doc.length;
  const fitting = marks.map((mark) => ({ ...mark, from: Math.min(mark.from, length), to: Math.min(mark.to, length) }));
  view.dispatch(setDiagnostics(view.state, fitting));
  view.dispatch({ effects: setAsides.of(texts.filter(({ at }) => at <= length)) });
}

/** Scroll the cursor into view. */
export function keepInView(view: EditorView): void {
  view.dispatch({ effects: EditorView.scrollIntoView(view.state.selection.main.head, { y: 'nearest', yMargin: 24 }) });
}

/** Show a place of the text in the middle, mark its line for a moment, and put the cursor there. */
export function reveal(view: EditorView, position: number, focus: boolean): void {
  const at = Math.min(position, view.state.doc.length);
  view.dispatch({ selection: { anchor: at }, effects: [EditorView.scrollIntoView(at, { y: 'center' }), setFlash.of(at)] });
  if (focus) view.focus();
  setTimeout(() => view.dom.isConnected && view.dispatch({ effects: setFlash.of(null) }), 1600);
}
