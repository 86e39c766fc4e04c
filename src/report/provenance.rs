//! What a run was made from, for whoever wants to repeat it.

use crate::campaign::plan::Plan;
use crate::netlist::circuit::SourceFile;
use crate::workload::ScopeSpec;
use serde::Serialize;

/// The plan without its faults and images.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// Version of the program that made the plan.
    pub stuckat: String,
    /// Version of the run directory's format.
    pub format: u32,
    /// SHA-256 of the firmware.
    pub elf_sha256: String,
    /// SHA-256 of the network, if the firmware reads one.
    pub model_sha256: Option<String>,
    /// SHA-256 of images and labels.
    pub data_sha256: String,
    /// How images become inputs.
    pub inputs: String,
    /// The expression of a printed answer.
    pub answer: Option<String>,
    /// The core.
    pub core: String,
    /// The platform.
    pub platform: String,
    /// SHA-256 of its description.
    pub platform_sha256: String,
    /// The files that the multiplier was made from.
    pub multiplier_files: Vec<SourceFile>,
    /// What the faults were drawn from.
    pub population: String,
    /// Budget of a faulty run, in golden instruction counts.
    pub hang_factor: u32,
    /// Which multiplications are faulty.
    pub scope: ScopeSpec,
    /// The network's operators by layer.
    pub layers: Vec<String>,
}

impl Provenance {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            stuckat: plan.stuckat.clone(),
            format: plan.format,
            elf_sha256: plan.elf_sha256.clone(),
            model_sha256: plan.model_sha256.clone(),
            data_sha256: plan.data_sha256.clone(),
            inputs: plan.inputs.clone(),
            answer: plan.answer.clone(),
            core: plan.core.clone(),
            platform: plan.platform.clone(),
            platform_sha256: plan.platform_sha256.clone(),
            multiplier_files: plan.multiplier_files.clone(),
            population: plan.population.clone(),
            hang_factor: plan.hang_factor,
            scope: plan.scope.clone(),
            layers: plan.layers.clone(),
        }
    }
}
