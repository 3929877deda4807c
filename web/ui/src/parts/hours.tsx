const width = 4
const half = 13

/** Twenty-four hours of series made, as bars above a line, and of series let go, below it. */
export function Hours({ made, gone, label }: { made: number[]; gone: number[]; label: string }) {
  const most = Math.max(1, ...made, ...gone)
  const total = (list: number[]) => list.reduce((a, b) => a + b, 0)
  // A count of one must be seen beside one of thousands.
  const height = (n: number) => (n === 0 ? 0 : Math.max(1, (half - 1) * (n / most)))
  return (
    <svg
      className="hours"
      width={made.length * width}
      height={2 * half}
      viewBox={`0 0 ${made.length * width} ${2 * half}`}
      role="img"
      aria-label={`${label}: ${total(made)} made and ${total(gone)} let go in ${made.length} hours, at most ${Math.max(0, ...made)} made in one`}
    >
      <line x1="0" x2={made.length * width} y1={half} y2={half} className="zero" />
      {made.map((n, i) => (
        <rect key={`m${i}`} className="made" x={i * width} width={width - 1} y={half - height(n)} height={height(n)} />
      ))}
      {gone.map((n, i) => (
        <rect key={`g${i}`} className="gone" x={i * width} width={width - 1} y={half} height={height(n)} />
      ))}
    </svg>
  )
}
