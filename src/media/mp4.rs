//! MP4 files: H.264 by OpenH264, built from its source, in a container by muxide. No external program.

use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange, RateControlMode, UsageType,
    VuiConfig,
};
use openh264::formats::{RgbSliceU8, YUVBuffer};

use super::{Animation, MediaError};
use crate::render::Picture;

/// H.264 levels end there.
const LARGEST_SIDE: usize = 3840;
/// … and there.
const MOST_PIXELS: usize = 3840 * 2160;

/// Encodes an animation at `fps` frames a second: yuv420p, fast start, plays in browsers. Pictures larger than H.264
/// takes are halved until they fit. Sides that are odd lose their last row or column, for colours are stored for pairs
/// of pixels.
pub fn encode_mp4(animation: &dyn Animation, fps: f64) -> Result<Vec<u8>, MediaError> {
    let mut muxer = None;
    let mut encoder = encoder(fps)?;
    for i in 0..animation.len() {
        let picture = fitted(&animation.frame(i)?)?;
        let (width, height) = (picture.width, picture.height);
        let yuv = YUVBuffer::from_rgb8_source(RgbSliceU8::new(&picture.rgb, (width, height)));
        let coded = encoder.encode(&yuv)?;
        let is_key = matches!(coded.frame_type(), FrameType::IDR | FrameType::I);
        let muxer = match &mut muxer {
            Some(muxer) => muxer,
            None => muxer.insert(
                muxide::api::MuxerBuilder::new(Vec::new())
                    .video(muxide::api::VideoCodec::H264, width as u32, height as u32, fps)
                    .build()?,
            ),
        };
        muxer.write_video(i as f64 / fps, &coded.to_vec(), is_key)?;
    }
    let mut muxer = muxer.ok_or(MediaError::NoFrames)?;
    muxer.finish_in_place()?;
    Ok(muxer.into_writer())
}

/// Quality above size: videos here are short. One thread, for the same bytes every time.
fn encoder(fps: f64) -> Result<Encoder, MediaError> {
    let config = EncoderConfig::new()
        .max_frame_rate(FrameRate::from_hz(fps as f32))
        .bitrate(BitRate::from_bps(12_000_000))
        .rate_control_mode(RateControlMode::Off)
        .qp(QpRange::new(16, 24))
        .usage_type(UsageType::CameraVideoRealTime)
        .intra_frame_period(IntraFramePeriod::from_num_frames(30))
        .skip_frames(false)
        .num_threads(1)
        .vui(VuiConfig::bt601());
    Ok(Encoder::with_api_config(OpenH264API::from_source(), config)?)
}

/// The size of a video of pictures of this size: halved until H.264 takes it, both sides even.
///
/// # Errors
/// [`MediaError::NotForVideo`]: so thin that a side is below 16 pixels then.
pub fn mp4_size(width: usize, height: usize) -> Result<(usize, usize), MediaError> {
    let (mut small_width, mut small_height) = (width & !1, height & !1);
    loop {
        if small_width < 16 || small_height < 16 {
            return Err(MediaError::NotForVideo { width, height, largest: LARGEST_SIDE });
        }
        if small_width.max(small_height) <= LARGEST_SIDE && small_width * small_height <= MOST_PIXELS {
            return Ok((small_width, small_height));
        }
        (small_width, small_height) = ((small_width / 2) & !1, (small_height / 2) & !1);
    }
}

fn fitted(picture: &Picture) -> Result<Picture, MediaError> {
    let size = mp4_size(picture.width, picture.height)?;
    let mut picture = even(picture);
    while (picture.width, picture.height) != size {
        picture = even(&picture.halved());
    }
    Ok(picture)
}

fn even(picture: &Picture) -> Picture {
    let (width, height) = (picture.width & !1, picture.height & !1);
    let rows = picture.rgb.chunks_exact(picture.width * 3).take(height);
    Picture { width, height, rgb: rows.flat_map(|row| &row[..width * 3]).copied().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::RenderError;

    struct Fading;

    impl Animation for Fading {
        fn len(&self) -> usize {
            5
        }

        fn frame(&self, index: usize) -> Result<Picture, RenderError> {
            Ok(Picture { width: 65, height: 48, rgb: [(index * 60) as u8, 90, 200].repeat(65 * 48) })
        }
    }

    #[test]
    fn a_film_is_an_mp4_that_decodes_to_its_frames() {
        let bytes = encode_mp4(&Fading, 10.0).unwrap();
        assert_eq!(&bytes[4..8], b"ftyp");
        let place = |name: &[u8]| bytes.windows(4).position(|w| w == name).unwrap();
        assert!(place(b"moov") < place(b"mdat"), "a browser would have to read all of it first");
        assert_eq!(bytes, encode_mp4(&Fading, 10.0).unwrap());
        // The samples are NAL units with their lengths before them; OpenH264 wants start codes.
        let mut stream = Vec::new();
        let mut coder = encoder(10.0).unwrap();
        let mut decoder = openh264::decoder::Decoder::new().unwrap();
        for i in 0..5 {
            let picture = fitted(&Fading.frame(i).unwrap()).unwrap();
            let yuv = YUVBuffer::from_rgb8_source(RgbSliceU8::new(&picture.rgb, (64, 48)));
            stream.clear();
            coder.encode(&yuv).unwrap().write_vec(&mut stream);
            let shown = decoder.decode(&stream).unwrap().unwrap();
            let mut rgb = vec![0; 64 * 48 * 3];
            shown.write_rgb8(&mut rgb);
            let worst = rgb.iter().zip(&picture.rgb).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(worst <= 8, "frame {i} is off by {worst}");
        }
    }

    #[test]
    fn large_pictures_are_halved_and_slivers_refused() {
        assert_eq!(
            (fitted(&Picture::white(5000, 64)).unwrap().width, fitted(&Picture::white(3001, 3001)).unwrap().width),
            (2500, 1500)
        );
        assert!(fitted(&Picture::white(64, 32_000)).unwrap_err().to_string().contains("64x32000"));
        for (width, height) in [(16, 16), (40, 4001), (3841, 2161), (7682, 100), (99, 6143)] {
            let picture = fitted(&Picture::white(width, height)).unwrap();
            assert_eq!((picture.width, picture.height), mp4_size(width, height).unwrap(), "{width}x{height}");
        }
        assert!(mp4_size(15, 100).is_err() && mp4_size(0, 0).is_err());
    }
}
