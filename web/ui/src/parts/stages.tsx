import type { StageNote } from '../api/nouns.ts'
import { Ago } from './when.tsx'

/** The way of a version to the stage of a deployment, and what is not as the stages want it. */
export function Stages({ note }: { note: StageNote }) {
  const warnings = note.warnings ?? []
  const wants = [
    note.trigger && `${note.trigger} trigger`,
    note.branch && `branch ${note.branch}`,
    note.tests?.length && `tests: ${note.tests.join(', ')}`,
    note.rollback?.enabled && `rollback ${note.rollback.strategy ?? 'enabled'}`,
  ].filter(Boolean)
  return (
    <span className="stages" role="group" aria-label="Stages">
      {note.passed.map((p) => (
        <span key={p.stage} className="stage">
          <span className={p.status === 'succeeded' ? 'chip' : 'chip warn'}>
            {p.stage} <Ago at={p.at} />
          </span>
          <span aria-hidden="true">→</span>
        </span>
      ))}
      <span className={warnings.length > 0 ? 'chip warn' : 'chip calm'} title={wants.join(' · ')}>
        {note.stage}
      </span>
      {note.approval === 'granted' && <span className="chip calm">approved</span>}
      {warnings.map((w) => (
        <span key={w} className="second warn-text">
          {w}
        </span>
      ))}
    </span>
  )
}
