//! What the rooms that compute with libtorch share.

use tch::{Device, Kind, TchError, Tensor};

use crate::config;
use crate::nets::{NEGATIVE_SLOPE, Slot};
use crate::torch_library::repeatable;

/// Parameters as one flat tensor, for optimisers and files, and as a view of it for each slot, for autograd.
#[derive(Debug)]
pub struct Flat {
    /// All numbers, one slot after another.
    pub all: Tensor,
    /// A tensor for each slot, in its shape, on the same memory.
    pub views: Vec<Tensor>,
}

impl Flat {
    /// Zeros in these slots; with `learnt`, autograd keeps track of the views.
    pub fn zeros(slots: &[Slot], learnt: bool, kind: Kind, device: Device) -> Result<Self, TchError> {
        let total: usize = slots.iter().map(Slot::size).sum();
        let all = Tensor::f_zeros([total as i64], (kind, device))?;
        let mut start = 0;
        let mut views = Vec::with_capacity(slots.len());
        for slot in slots {
            let size = slot.size() as i64;
            let shape: Vec<i64> = slot.shape.iter().map(|&n| n as i64).collect();
            let view = all.f_narrow(0, start, size)?.f_view(&shape[..])?.f_detach()?;
            views.push(view.f_set_requires_grad(learnt)?);
            start += size;
        }
        Ok(Self { all, views })
    }

    /// Copies numbers in; they must be as many as there are.
    pub fn copy_from(&mut self, values: &[f32]) -> Result<(), TchError> {
        self.all.f_copy_(&Tensor::from_slice(values))
    }
}

/// LeakyReLU with slope 0.2.
pub fn leaky_relu(x: &Tensor) -> Result<Tensor, TchError> {
    leaky(x, NEGATIVE_SLOPE)
}

/// LeakyReLU with a slope, which tch's own does not take.
///
/// libtorch's backward kernel gives grad where x > 0 and slope grad elsewhere; with x itself for grad that is the
/// forward value, bit for bit. x is detached as the side that is only looked at, which leaves autograd the right
/// first and second derivatives.
pub fn leaky(x: &Tensor, slope: f64) -> Result<Tensor, TchError> {
    x.f_detach()?.f_leaky_relu_backward(x, slope, false)
}

/// x / sqrt(mean of squares over channels + 1e-8), ProGAN's pixel norm.
pub fn pixel_norm(x: &Tensor) -> Result<Tensor, TchError> {
    let mean = x.f_square()?.f_mean_dim([1_i64].as_slice(), true, None::<Kind>)?;
    x.f_mul(&mean.f_add_scalar(1e-8)?.f_rsqrt()?)
}

/// Images [n, channels, h, w] at twice their sides, each pixel four times.
pub fn doubled(x: &Tensor) -> Result<Tensor, TchError> {
    let size = x.size();
    x.f_upsample_nearest2d([2 * size[2], 2 * size[3]], None, None)
}

/// Images [n, channels, h, w] with the channels of a pixel side by side in memory, which convolutions on a CPU are
/// fastest with. The shape stays.
pub fn channels_last(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
}

/// A tensor's numbers, last axis fastest, in single precision.
pub fn to_host(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?.f_view([-1])?;
    Vec::try_from(&flat)
}

/// How many CUDA devices libtorch sees.
pub fn cuda_devices() -> usize {
    if tch::Cuda::is_available() { tch::Cuda::device_count().max(0) as usize } else { 0 }
}

/// The GPU that was asked for is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "--device cuda:{asked} was asked for, but libtorch sees {found} CUDA device(s); use --device cpu, or set libtorch \
     up with GAN_LAB_TORCH=cuda ./scripts/setup-libtorch.sh and rebuild"
)]
pub struct NoCuda {
    /// The GPU's number.
    pub asked: usize,
    /// How many there are.
    pub found: usize,
}

/// libtorch's name for a device, if it is there. What a GPU computes is the same each time.
pub fn device(device: config::Device) -> Result<Device, NoCuda> {
    match device {
        config::Device::Cpu => Ok(Device::Cpu),
        config::Device::Cuda(asked) => {
            let found = cuda_devices();
            if asked >= found {
                return Err(NoCuda { asked, found });
            }
            repeatable::convolutions();
            Ok(Device::Cuda(asked))
        }
    }
}
