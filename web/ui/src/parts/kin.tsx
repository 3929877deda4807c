import { Link } from 'wouter'
import type { Incident } from '../api/nouns.ts'

/** The incidents that one has to do with, as links. */
export function Kin({ incident: i }: { incident: Incident }) {
  const kin: [string, string[]][] = [
    ['Goes on as', one(i.merged_into)],
    ['Took in', i.merged ?? []],
    ['Part of the storm of', one(i.umbrella)],
    ['Stands for a storm with', i.members ?? []],
    ['Goes on from', one(i.predecessor)],
    ['Went on as', one(i.successor)],
    ['Split from', one(i.split_from)],
    ['As once before in', one(i.recurrence_of)],
  ]
  return kin
    .filter(([, ids]) => ids.length > 0)
    .map(([what, ids]) => (
      <p key={what} className="soft">
        {what}{' '}
        {ids.map((id) => (
          <Link key={id} href={`/incidents/${id}`} className="mono">
            {id}{' '}
          </Link>
        ))}
      </p>
    ))
}

const one = (id?: string) => (id === undefined ? [] : [id])
