import { Button, Group, Modal } from '@mantine/core'
import { useState } from 'react'
import { get, root } from '../api/client.ts'
import { useResource } from '../api/resource.ts'
import { Failure, Loading } from './messages.tsx'

/** What the daemon answers, as far as it is shown. */
interface Written {
  markdown: string
  charts: { file: string; png: string }[]
}

/** Shows the record of an incident and lets it be saved or copied. */
export function Postmortem({ id }: { id: string }) {
  const [open, setOpen] = useState(false)
  return (
    <div className="acts">
      <Button variant="default" size="xs" onClick={() => setOpen(true)}>
        Postmortem
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Postmortem" size="xl" closeButtonProps={{ 'aria-label': 'Close' }}>
        {open && <Text id={id} />}
      </Modal>
    </div>
  )
}

function Text({ id }: { id: string }) {
  const written = useResource(`postmortem ${id}`, (signal) => get<Written>(`${root}/incidents/${encodeURIComponent(id)}/postmortem`, {}, signal), 0)
  const [copied, setCopied] = useState(false)
  const text = written.data?.markdown
  return (
    <>
      {written.loading && <Loading what="the postmortem" />}
      <Failure error={written.error} again={written.reload} />
      {text !== undefined && (
        <>
          <Group gap="xs" mb="sm">
            <Button size="xs" component="a" href={`${root}/incidents/${encodeURIComponent(id)}/postmortem.md`} download>
              Save as Markdown
            </Button>
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                navigator.clipboard.writeText(text).then(
                  () => setCopied(true),
                  () => setCopied(false),
                )
              }}
            >
              {copied ? 'Copied' : 'Copy'}
            </Button>
          </Group>
          {written.data?.charts.map((c) => (
            <img key={c.file} src={`data:image/png;base64,${c.png}`} alt={c.file} style={{ maxWidth: '100%' }} />
          ))}
          <pre className="mono" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontSize: 12 }}>
            {text}
          </pre>
        </>
      )}
    </>
  )
}
