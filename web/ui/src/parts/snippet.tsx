import { Button } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'

/** Lines of configuration with a button that copies them. */
export function Snippet({ text }: { text: string }) {
  const clipboard = useClipboard({ timeout: 2000 })
  return (
    <div className="snippet">
      <pre tabIndex={0}>{text.trimEnd()}</pre>
      <Button variant="default" size="xs" onClick={() => clipboard.copy(text)}>
        {clipboard.copied ? 'Copied' : clipboard.error ? 'Not copied: select the lines' : 'Copy'}
      </Button>
    </div>
  )
}
