import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap, completionStatus, selectedCompletion, selectedCompletionIndex } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands'
import { HighlightStyle, bracketMatching, syntaxHighlighting } from '@codemirror/language'
import { lintKeymap } from '@codemirror/lint'
import { EditorState, Prec } from '@codemirror/state'
import { EditorView, drawSelection, keymap, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { PromQLExtension } from '@prometheus-io/codemirror-promql'
import { useEffect, useRef } from 'react'

interface Props {
  value: string
  label: string
  onChange: (text: string) => void
  /** Enter was pressed; Shift and Enter begins a new line. */
  onSubmit: (text: string) => void
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--series-4)' },
  { tag: [tags.function(tags.variableName), tags.standard(tags.name)], color: 'var(--tide)', fontWeight: '600' },
  { tag: tags.labelName, color: 'var(--series-6)' },
  { tag: tags.string, color: 'var(--series-5)' },
  { tag: tags.number, color: 'var(--series-3)' },
  { tag: tags.comment, color: 'var(--ink-3)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--burn)' },
])

const look = EditorView.theme({
  '&': { background: 'var(--sheet)', color: 'var(--ink)', border: '1px solid var(--line-strong)', borderRadius: '4px', fontSize: '0.9rem' },
  '&.cm-focused': { outline: '2px solid var(--tide)', outlineOffset: '1px' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 10px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--tide-soft) !important' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { background: 'var(--tide-soft)', color: 'inherit' },
  '.cm-placeholder': { color: 'var(--ink-3)' },
  '.cm-tooltip': { background: 'var(--sheet)', color: 'var(--ink)', border: '1px solid var(--line-strong)', borderRadius: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '18em', maxWidth: 'min(95vw, 48rem)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--tide)', color: 'var(--sheet)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-completionDetail': { color: 'var(--ink-3)', marginLeft: '1em' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-completionIcon': { display: 'none' },
  '.cm-completionInfo': { padding: '6px 10px', maxWidth: '30em', fontFamily: 'var(--sans)' },
  '.cm-diagnostic': { fontFamily: 'var(--sans)' },
})

/**
 * Whether Enter is meant for the list of completions: something of a word is
 * written that the chosen one adds to, or a person has gone down the list. After
 * a whole expression the list offers operators, and Enter means to run it.
 */
function wantsCompletion(v: EditorView): boolean {
  if (completionStatus(v.state) !== 'active') return false
  if ((selectedCompletionIndex(v.state) ?? 0) > 0) return true
  const at = v.state.selection.main.head
  const word = /[\w:]*$/.exec(v.state.doc.sliceString(Math.max(0, at - 256), at))?.[0] ?? ''
  return word !== '' && selectedCompletion(v.state)?.label !== word
}

/** Writes PromQL with completion of names, labels and functions, and shows what is wrong in it. */
export default function Editor({ value, label, onChange, onSubmit }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef({ onChange, onSubmit })
  latest.current = { onChange, onSubmit }

  useEffect(() => {
    if (!box.current) return
    const promql = new PromQLExtension().setComplete({
      remote: { url: '', fetchFn: fetch.bind(globalThis), httpMethod: 'GET', lookbackInterval: 3 * 3600 * 1000, httpErrorHandler: () => {} },
    })
    const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
    const submit = (v: EditorView) => {
      if (wantsCompletion(v)) return acceptCompletion(v)
      closeCompletion(v)
      latest.current.onSubmit(v.state.doc.toString())
      return true
    }
    const v = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ 'aria-label': label, 'data-filter': '' }),
          look,
          syntaxHighlighting(colours),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, defaultKeymap: false }),
          EditorView.lineWrapping,
          placeholder('rate(http_requests_total[5m])'),
          promql.asExtension(),
          Prec.highest(
            keymap.of([
              { key: 'Tab', run: acceptCompletion },
              { key: 'Enter', run: submit },
              { key: 'Shift-Enter', run: insertNewlineAndIndent },
              ...completionKeymap.filter((k) => k.key !== 'Enter'),
            ]),
          ),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) latest.current.onChange(u.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = v
    return () => {
      v.destroy()
      promql.destroy()
      view.current = null
    }
    // The label does not change during the life of an editor; the text is followed below.
  }, [])

  useEffect(() => {
    const v = view.current
    if (v && v.state.doc.toString() !== value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: value } })
  }, [value])

  return <div ref={box} className="promql" />
}
