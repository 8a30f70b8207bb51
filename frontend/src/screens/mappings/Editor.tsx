/** An editor for one expression: completes fields and functions, underlines the word that the hub does not take. */
import { autocompletion, type CompletionContext, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { useEffect, useRef } from "react";

export interface EditorProps {
  label: string;
  value: string;
  change: (value: string) => void;
  /** Field -> type, and functions: what may be written. */
  names: Record<string, string>;
  functions: readonly string[];
  /** Line and column from 1, and what is wrong there. */
  fault?: { line: number; column: number; word: string; said: string } | undefined;
}

const LOOK = EditorView.theme({
  "&": { border: "1px solid var(--ant-color-border)", borderRadius: "6px", backgroundColor: "var(--ant-color-bg-container)", color: "var(--ant-color-text)" },
  "&.cm-focused": { outline: "2px solid var(--ant-color-primary)" },
  ".cm-content": { fontFamily: "monospace", fontSize: "13px", minHeight: "64px", caretColor: "var(--ant-color-text)" },
  ".cm-tooltip": { backgroundColor: "var(--ant-color-bg-elevated)", color: "var(--ant-color-text)" },
});

export default function Editor({ label, value, change, names, functions, fault }: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const told = useRef(change);
  const known = useRef({ names, functions });
  told.current = change;
  known.current = { names, functions };
  const first = useRef(value);

  useEffect(() => {
    const complete = (context: CompletionContext) => {
      const word = context.matchBefore(/[\w.]*/);
      if (!word || (word.from === word.to && !context.explicit)) return null;
      return {
        from: word.from,
        options: [
          ...Object.entries(known.current.names).map(([name, type]) => ({ label: /^[A-Za-z_][\w.]*$/.test(name) ? name : `record['${name}']`, detail: type, type: "variable" })),
          ...known.current.functions.map((name) => ({ label: name, apply: `${name}(`, type: "function" })),
        ],
      };
    };
    const made = new EditorView({
      parent: place.current as HTMLDivElement,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          history(),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]), // Tab leaves: no trap for the keyboard
          autocompletion({ override: [complete] }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
          LOOK,
          EditorView.updateListener.of((update) => update.docChanged && told.current(update.state.doc.toString())),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [label]);

  useEffect(() => {
    const shown = view.current;
    if (shown && shown.state.doc.toString() !== value && !shown.hasFocus) {
      shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } });
    }
  }, [value]);

  useEffect(() => {
    const shown = view.current;
    if (!shown) return;
    const { doc } = shown.state;
    const wrong = [];
    if (fault && fault.line <= doc.lines) {
      const line = doc.line(fault.line);
      const from = Math.min(line.from + fault.column - 1, doc.length);
      const to = doc.sliceString(from, from + fault.word.length) === fault.word ? from + fault.word.length : line.to;
      wrong.push({ from, to: Math.max(to, from), severity: "error" as const, message: fault.said });
    }
    shown.dispatch(setDiagnostics(shown.state, wrong));
  }, [fault]);

  return <div ref={place} />;
}
