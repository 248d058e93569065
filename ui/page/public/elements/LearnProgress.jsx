// A concept being learned: how far it is, and a way to stop it.
import { useState } from 'react'

export default function LearnProgress() {
  const [isCancelled, setCancelled] = useState(false)
  const share = props.num_steps ? props.step / props.num_steps : 0
  const cancel = () => {
    setCancelled(true)
    callAction({ name: 'cancel_learning', payload: { job_id: props.job_id } })
  }
  return (
    <div className="omni-card" role="status">
      <div className="omni-grow">
        <div className="omni-label">
          <span>{props.is_usable ? 'Refining' : 'Learning'} &lt;{props.name}&gt;</span>
          <span>{props.num_steps ? `${props.step} of ${props.num_steps}` : 'waiting'}</span>
        </div>
        <div className="omni-track">
          <div className="omni-bar" style={{ width: `${100 * share}%` }} />
        </div>
        <div className="omni-hint">{props.hint}</div>
      </div>
      <button className="omni-cancel" onClick={cancel} disabled={isCancelled}>
        {isCancelled ? 'Stopping' : 'Cancel'}
      </button>
    </div>
  )
}
