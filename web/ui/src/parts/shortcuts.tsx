import { Kbd, Modal } from '@mantine/core'
import { useEffect, useRef } from 'react'

interface Page {
  path: string
  name: string
  key: string
}

const sequenceWait = 1200

/** Whether a key belongs to what the person is writing or operating, not to the page. */
function isTyping(e: KeyboardEvent): boolean {
  const t = e.target
  if (!(t instanceof HTMLElement)) return false
  return t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName) || t.closest('[role="dialog"]') !== null
}

/** Moves the focus by one row of the page's list. */
export function moveRow(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  if (rows.length === 0) return
  const at = rows.findIndex((r) => r === document.activeElement)
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))
  rows[to]?.focus()
  rows[to]?.scrollIntoView({ block: 'nearest' })
}

/** The keys that work on every page. */
export function useShortcuts(o: { pages: Page[]; navigate: (path: string) => void; help: () => void }): void {
  const ref = useRef(o)
  ref.current = o
  useEffect(() => {
    let goUntil = 0
    const onKey = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || isTyping(e)) return
      if (Date.now() < goUntil) {
        goUntil = 0
        const page = ref.current.pages.find((p) => p.key === e.key)
        if (page) {
          e.preventDefault()
          ref.current.navigate(page.path)
        }
        return
      }
      const act: Record<string, () => void> = {
        g: () => (goUntil = Date.now() + sequenceWait),
        j: () => moveRow(1),
        k: () => moveRow(-1),
        '/': () => document.querySelector<HTMLElement>('[data-filter]')?.focus(),
        '?': () => ref.current.help(),
        a: () => document.querySelector<HTMLElement>('[data-act="ack"]')?.click(),
        r: () => document.querySelector<HTMLElement>('[data-act="resolve"]')?.click(),
      }
      const f = act[e.key]
      if (f) {
        e.preventDefault()
        f()
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}

export function ShortcutHelp({ pages, opened, close }: { pages: Page[]; opened: boolean; close: () => void }) {
  return (
    <Modal opened={opened} onClose={close} title="Keyboard" centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <dl className="keys">
        {pages.map((p) => (
          <Row key={p.key} keys={['g', p.key]} text={`Go to ${p.name}`} />
        ))}
        <Row keys={['j']} text="Next row" />
        <Row keys={['k']} text="Previous row" />
        <Row keys={['Enter']} text="Open the row" />
        <Row keys={['/']} text="To the filter" />
        <Row keys={['a']} text="Acknowledge the incident" />
        <Row keys={['r']} text="Resolve the incident" />
        <Row keys={['←', '→']} text="Move along a chart that has the focus" />
        <Row keys={['?']} text="This help" />
      </dl>
    </Modal>
  )
}

function Row({ keys, text }: { keys: string[]; text: string }) {
  return (
    <>
      <dt>
        {keys.map((k) => (
          <Kbd key={k} mr={4}>
            {k}
          </Kbd>
        ))}
      </dt>
      <dd>{text}</dd>
    </>
  )
}
