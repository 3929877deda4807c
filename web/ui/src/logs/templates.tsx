import { Link } from 'wouter'
import { type LogSpan, logTemplates } from '../api/logs.ts'
import { useResource } from '../api/resource.ts'
import { Failure, Loading } from '../parts/messages.tsx'
import { Ago } from '../parts/when.tsx'
import { type LogView, logAddress, narrow, select } from './query.ts'

/** The sorts of lines in a time, the most frequent first. */
export function Templates({ view, span, every, round }: { view: LogView; span: () => LogSpan; every: number; round: number }) {
  const list = useResource(`log templates ${view.query} ${view.range} ${view.end} ${round}`, (signal) => logTemplates(view.query, span(), signal), every)
  return (
    <>
      <Failure error={list.error} again={list.reload} />
      {list.loading && <Loading what="the templates" />}
      {list.data?.length === 0 && <p className="dim">No line in this time has a template.</p>}
      {list.data && list.data.length > 0 && (
        <section className="sheet">
          <p className="dim log-note">Of all lines that the selector in braces finds; filters after it do not count here.</p>
          <div className="table-wrap">
            <table className="table stacked">
              <thead>
                <tr>
                  <th scope="col">Template</th>
                  <th scope="col" className="num">
                    In this time
                  </th>
                  <th scope="col" className="num">
                    In all
                  </th>
                  <th scope="col">First seen</th>
                  <th scope="col">Last seen</th>
                </tr>
              </thead>
              <tbody>
                {list.data.map((t) => (
                  <tr key={t.id}>
                    <td className="log-template">
                      <Link href={logAddress({ ...view, show: 'lines', query: narrow(t.service ? select(view.query, 'service_name', t.service) : view.query, 'template', t.id) })} className="mono" data-row title={t.samples[0]}>
                        {t.text || t.id}
                      </Link>
                      <small>{t.service || 'no service'}</small>
                    </td>
                    <td className="num" data-label="In this time">
                      {t.records.toLocaleString('en-GB')}
                    </td>
                    <td className="num" data-label="In all">
                      {t.count.toLocaleString('en-GB')}
                    </td>
                    <td data-label="First seen">
                      <Ago at={t.first} />
                    </td>
                    <td data-label="Last seen">
                      <Ago at={t.last} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </>
  )
}
