import type { TimelineEvent } from '../api/nouns.ts'
import { arrows } from '../format/text.ts'
import { When } from './when.tsx'

const names: Record<string, string> = {
  opened: 'Opened',
  attached: 'Joined',
  cleared: 'Recovered',
  held: 'Data stopped',
  raised: 'Raised',
  acknowledged: 'Acknowledged',
  resolved: 'Resolved',
  reopened: 'Came back',
  change: 'Change',
  suspects: 'Suspects',
  notified: 'Told',
  note: 'Note',
  gap: 'No detection',
}

/** What happened, the latest first. */
export function Timeline({ events }: { events: TimelineEvent[] }) {
  const latest = [...events].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.seq - a.seq)
  return (
    <section className="sheet o3" aria-labelledby="timeline">
      <header>
        <h2 id="timeline">What happened</h2>
      </header>
      <ol className="timeline">
        {latest.map((e) => (
          <li key={e.seq} id={`event-${e.seq}`} data-kind={e.kind}>
            <div>
              <p className="head">
                <b>{names[e.kind] ?? e.kind}</b>
                <When at={e.at} />
                {e.actor !== 'tocsin' && <span>by {e.actor}</span>}
              </p>
              {e.text && <p>{arrows(e.text)}</p>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  )
}
