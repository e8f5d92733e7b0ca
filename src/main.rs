fn main() { println!("{}", tch::Tensor::ones([2], (tch::Kind::Float, tch::Device::Cpu)).sum(tch::Kind::Float)); }
