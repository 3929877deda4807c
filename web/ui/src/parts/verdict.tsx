import { api } from '../api/client.ts'
import type { VerdictArms } from '../api/nouns.ts'
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
            <div className="table-wrap">
              <table className="table">
                <thead>
                  <tr>
                    <th scope="col">Signal</th>
                    <th scope="col">Before</th>
                    <th scope="col">After</th>
                    <th scope="col">Harm from a shift of</th>
                    <th scope="col">Evidence of harm</th>
                    <th scope="col">of no harm</th>
                  </tr>
                </thead>
                <tbody>
                  {v.signals?.map((s) => (
                    <tr key={s.signal}>
                      <th scope="row" className="mono">
                        {s.signal}
                      </th>
                      <td>{figure(s.before, s.unit ?? '')}</td>
                      <td>{figure(s.after, s.unit ?? '')}</td>
                      <td>{figure(s.margin, s.unit ?? '')}</td>
                      <td>{s.lacks ? s.lacks : s.harm.toPrecision(3)}</td>
                      <td>{s.lacks ? '' : s.safe.toPrecision(3)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
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
  return (
    <div className="table-wrap">
      <table className="table">
        <caption>
          {arms.label} {arms.canary} beside {arms.baseline} in the same time
        </caption>
        <thead>
          <tr>
            <th scope="col">Signal</th>
            <th scope="col">{arms.baseline}</th>
            <th scope="col">{arms.canary}</th>
            <th scope="col">Harm from a shift of</th>
            <th scope="col">Evidence of harm</th>
            <th scope="col">of no harm</th>
          </tr>
        </thead>
        <tbody>
          {arms.signals?.map((s) => (
            <tr key={s.signal}>
              <th scope="row" className="mono">
                {s.signal}
              </th>
              <td>{figure(s.baseline, s.unit ?? '')}</td>
              <td>{figure(s.canary, s.unit ?? '')}</td>
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
