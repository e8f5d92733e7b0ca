//! What the families' files of libtorch share.

use tch::{Device, TchError, Tensor};

use super::Image;
use crate::tensor::to_host;

/// Tensors out of plain numbers.
pub(super) trait FromSlice: Sized {
    fn of(values: &[f32], shape: &[usize], device: Device) -> Result<Self, TchError>;
}

impl FromSlice for Tensor {
    fn of(values: &[f32], shape: &[usize], device: Device) -> Result<Self, TchError> {
        let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
        Self::from_slice(values).f_view(&shape[..])?.f_to_device(device)
    }
}

/// The image of a tensor `[1, channels, side, side]`.
pub(super) fn image_of(image: &Tensor) -> Result<Image, TchError> {
    let [channels, side] = [1, 2].map(|axis| image.size()[axis] as usize);
    Ok(Image::of_planes(channels, side, &to_host(image)?))
}
