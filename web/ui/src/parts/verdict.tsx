import { api } from '../api/client.ts'
import type { VerdictArms, VerdictSignal } from '../api/nouns.ts'
import { useResource } from '../api/resource.ts'
import { figure } from '../format/number.ts'
import { Failure, Loading } from './messages.tsx'
import { When } from './when.tsx'

/** What the verdict on a change rests on: its history and every signal. */
export function Verdict({ id }: { id: string }) {
  const found = useResource(`verdict ${id}`, (signal) => api.verdict(id, signal), 15_000)
  const v = found.data?.verdict
  return (
    <div className="verdict">
      <Failure error={found.error} again={found.reload} />
      {found.loading && <Loading what="the verdict" />}
      {v && (
        <>
          <p>{v.reason}</p>
          {(v.signals?.length ?? 0) > 0 && (
            <Figures names={['Before', 'After']} rows={v.signals ?? []} values={(s) => [s.before, s.blocks > 0 ? s.after : null]} measured={(s) => s.margin > 0} />
          )}
          {v.arms && (v.arms.signals?.length ?? 0) > 0 && <Arms arms={v.arms} />}
          <ol className="words">
            {found.data?.history.map((w) => (
              <li key={`${w.state} ${w.at}`}>
                <When at={w.at} /> {w.state}
              </li>
            ))}
          </ol>
        </>
      )}
    </div>
  )
}

function Arms({ arms }: { arms: VerdictArms }) {
  return <Figures caption={`${arms.label} ${arms.canary} beside ${arms.baseline} in the same time`} names={[arms.baseline, arms.canary]} rows={arms.signals ?? []} values={(s) => (s.blocks > 0 ? [s.baseline, s.canary] : [null, null])} measured={(s) => s.blocks > 0} />
}

type Judged = Pick<VerdictSignal, 'signal' | 'unit' | 'margin' | 'harm' | 'safe' | 'lacks'>

/** Signals with two values that are compared, null where there is none, and what that shows. */
function Figures<S extends Judged>({ caption, names, rows, values, measured }: { caption?: string; names: [string, string]; rows: S[]; values: (s: S) => [number | null, number | null]; measured: (s: S) => boolean }) {
  return (
    <div className="table-wrap">
      <table className="table">
        {caption && <caption>{caption}</caption>}
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col">{names[0]}</th>
            <th scope="col">{names[1]}</th>
            <th scope="col">Harm from a shift of</th>
            <th scope="col">Evidence of harm</th>
            <th scope="col">of no harm</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((s) => (
            <tr key={s.signal}>
              <th scope="row" className="mono">
                {s.signal}
              </th>
              {values(s).map((v, n) => (
                <td key={n}>{figure(v, s.unit ?? '')}</td>
              ))}
              <td>{figure(measured(s) ? s.margin : null, s.unit ?? '')}</td>
              <td>{s.lacks ? s.lacks : s.harm.toPrecision(3)}</td>
              <td>{s.lacks ? '' : s.safe.toPrecision(3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
