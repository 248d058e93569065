// An edited picture over its source; the slider uncovers one or the other.
import { useEffect, useRef, useState } from 'react'

export default function BeforeAfter() {
  const [share, setShare] = useState(50)
  const card = useRef(null)
  useEffect(() => card.current.scrollIntoView({ block: 'center' }), [])
  return (
    <div className="omni-card omni-card-column" ref={card}>
      <div className="omni-stack">
        <img alt="before" src={props.before} />
        <img alt="after" src={props.after} style={{ clipPath: `inset(0 0 0 ${share}%)` }} />
        <div className="omni-edge" style={{ left: `${share}%` }} />
      </div>
      <input
        type="range"
        min="0"
        max="100"
        value={share}
        aria-label="how much of the picture before is shown"
        onChange={(event) => setShare(Number(event.target.value))}
      />
      <div className="omni-label">
        <span>before</span>
        <span>after</span>
      </div>
    </div>
  )
}
