//! Colours, and ramps of them.

/// Red, green and blue from 0 to 1, as a screen takes them.
pub(super) type Colour = [f32; 3];

/// The colour at `t` from 0 to 1 on the way from one to the other.
pub(super) fn mix(from: Colour, to: Colour, t: f32) -> Colour {
    [0, 1, 2].map(|k| from[k] + t * (to[k] - from[k]))
}

/// A colour times another, channel by channel.
pub(super) fn tinted(colour: Colour, by: Colour) -> Colour {
    [0, 1, 2].map(|k| colour[k] * by[k])
}

/// The colour at `t` from 0 (the first) to 1 (the last) of colours at equal distances.
pub(super) fn ramp(colours: &[Colour], t: f32) -> Colour {
    let place = t.clamp(0.0, 1.0) * (colours.len() - 1) as f32;
    let first = (place as usize).min(colours.len() - 2);
    mix(colours[first], colours[first + 1], place - first as f32)
}

/// How light a colour looks, from 0 to 1 (the luma of Rec. 601).
pub(super) fn luma([r, g, b]: Colour) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// 0 below `from`, 1 above `to`, and a smooth way between.
pub(super) fn smooth_step(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A soft spot: 1 in the middle, 0 from distance 1 on; `x` and `y` are in radii.
pub(super) fn spot(x: f32, y: f32) -> f32 {
    let rest = (1.0 - x * x - y * y).max(0.0);
    rest * rest
}
