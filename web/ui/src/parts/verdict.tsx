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
            <Figures names={['Before', 'After']} rows={v.signals ?? []} values={(s) => [s.before, s.after]} />
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
  return <Figures caption={`${arms.label} ${arms.canary} beside ${arms.baseline} in the same time`} names={[arms.baseline, arms.canary]} rows={arms.signals ?? []} values={(s) => [s.baseline, s.canary]} />
}

type Judged = Pick<VerdictSignal, 'signal' | 'unit' | 'margin' | 'harm' | 'safe' | 'lacks'>

/** Signals with two values that are compared, and what that shows. */
function Figures<S extends Judged>({ caption, names, rows, values }: { caption?: string; names: [string, string]; rows: S[]; values: (s: S) => [number, number] }) {
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
              <td>{figure(s.margin, s.unit ?? '')}</td>
              <td>{s.lacks ? s.lacks : s.harm.toPrecision(3)}</td>
              <td>{s.lacks ? '' : s.safe.toPrecision(3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
