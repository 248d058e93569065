// All versions of a picture, each with what it came from; any of them can be gone on from.
import { useEffect, useRef, useState } from 'react'

export default function Versions() {
  const [chosen, setChosen] = useState(null)
  const list = useRef(null)
  useEffect(() => list.current.scrollIntoView({ block: 'center' }), [])
  const goOn = (id) => {
    setChosen(id)
    callAction({ name: 'go_on_from', payload: { picture_id: id } })
  }
  return (
    <ul className="omni-versions" ref={list}>
      {props.versions.map((one) => (
        <li key={one.id} className="omni-card omni-card-column">
          <img className="omni-preview" alt={one.words} src={one.picture} />
          <div className="omni-label">
            <span>{one.number}</span>
            <span>{one.parent ? `from ${one.parent}` : 'first'}</span>
          </div>
          <div className="omni-hint">{one.words}</div>
          <button className="omni-cancel" onClick={() => goOn(one.id)} disabled={chosen === one.id}>
            Go on from here
          </button>
        </li>
      ))}
    </ul>
  )
}
