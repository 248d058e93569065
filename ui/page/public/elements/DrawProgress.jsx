// A drawing in the making: its preview and how far it is.
export default function DrawProgress() {
  const share = props.num_steps ? props.step / props.num_steps : 0
  const blur = Math.round(6 * (1 - share))
  return (
    <div className="omni-card omni-card-column" role="status">
      {props.preview && (
        <img
          className="omni-preview"
          alt="preview"
          src={props.preview}
          style={{ filter: `blur(${blur}px)` }}
        />
      )}
      <div>
        <div className="omni-label">
          <span>Drawing</span>
          <span>{props.step} of {props.num_steps}</span>
        </div>
        <div className="omni-track">
          <div className="omni-bar" style={{ width: `${100 * share}%` }} />
        </div>
      </div>
    </div>
  )
}
