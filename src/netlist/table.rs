//! Product tables: all products of one operation over a range of operands, under each fault.
//!
//! In: a [`Circuit`], an operation, a [`Range`]; then faults. Out: a [`ProductForm`] a fault. The fault-free unit is evaluated
//! once for each block of 4,096 pairs; a fault costs its cone ([`super::cone`]) and the comparison of the answer bits that it
//! can change. A fault without a cone is evaluated whole, by its folded program ([`super::sequence`]); one that carries state
//! has no table.
//!
//! Adder trees preserve weight, so most faults make every wrong product wrong by the same power of two: such a fault needs a
//! bit a pair ([`ProductForm::Mask`]). That it is so is not assumed but seen, pair by pair.

use super::circuit::Circuit;
use super::cone::{Cone, Cones, Sound};
use super::fold::Abstract;
use super::planes;
use super::range::{BLOCK, Plane, Range};
use super::sequence::{CarriesState, Sequences};
use super::table_form::{FEW, Growing};
use super::{Effect, Fault, screen};
use crate::unit::{Answer, MulOp, ProductForm, Tuple};

/// Pairs in a block.
pub(super) const PAIRS: usize = 64 * BLOCK;

/// Why a fault has no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTable {
    /// The operation is done by other hardware: nothing of it can be wrong.
    #[error("the netlist does not do this operation")]
    NotHere,
    /// The products are no function of the operands.
    #[error("under this fault {0}")]
    CarriesState(CarriesState),
    /// There is no answer.
    #[error("under this fault the unit never answers")]
    Never,
}

/// Builds tables.
#[derive(Clone, Debug)]
pub struct Tables<'c> {
    circuit: &'c Circuit,
    op: MulOp,
    range: Range,
    cones: Cones<'c>,
    sound: Sound,
    planes: Vec<Plane>,
    own: Vec<Plane>,
    scratch: Scratch,
    /// Whether the fault-free unit multiplies exactly in this range: then errors against it are errors.
    multiplies: bool,
}

/// Space for a block's answer.
#[derive(Clone, Debug)]
struct Scratch {
    difference: Vec<Plane>,
    numbers: Box<[u32; PAIRS]>,
    few: Box<[Plane; FEW]>,
}

impl<'c> Tables<'c> {
    /// Prepares the tables of an operation.
    ///
    /// # Errors
    /// [`NoTable::NotHere`].
    pub fn new(circuit: &'c Circuit, op: MulOp, range: Range) -> Result<Self, NoTable> {
        let (cones, sound) = Cones::new(circuit, op, range).ok_or(NoTable::NotHere)?;
        let planes = vec![[0; BLOCK]; sound.sources + sound.ops.len()];
        let scratch = Scratch {
            difference: vec![[0; BLOCK]; 32],
            numbers: Box::new([0; PAIRS]),
            few: Box::new([[0; BLOCK]; FEW]),
        };
        let own = Vec::new();
        let mut tables =
            Self { circuit, op, range, cones, sound, planes, own, scratch, multiplies: false };
        let mut products = Vec::new();
        tables.products(&[], &mut products)?;
        let mut products = products.iter().enumerate();
        tables.multiplies = products.all(|(index, product)| *product == tables.exact(index));
        Ok(tables)
    }

    /// Ops of the fault-free unit over the range.
    pub fn size(&self) -> usize {
        self.sound.ops.len()
    }

    /// The range.
    pub fn range(&self) -> Range {
        self.range
    }

    /// The table of one fault, or of several at once. A form adds errors to exact products, so where the fault-free netlist does not
    /// multiply exactly in this range, the whole faulty unit is evaluated.
    ///
    /// # Errors
    /// [`NoTable`] with the reason.
    pub fn form(&mut self, faults: &[Fault]) -> Result<ProductForm, NoTable> {
        match self.cone(faults) {
            Some(cone) if self.multiplies => {
                Ok(self.forms_of(&[(&cone, &faults[..faults.len().min(1)])]).remove(0))
            }
            _ => self.whole(faults),
        }
    }

    /// The tables of many single faults, evaluated together: much faster than one by one. Both faults of a site, one after the
    /// other, are faster still.
    pub fn forms(&mut self, faults: &[Fault]) -> Vec<Result<ProductForm, NoTable>> {
        if !self.multiplies {
            return faults.iter().map(|fault| self.whole(&[*fault])).collect();
        }
        let mut jobs = Vec::new();
        let mut rest = faults;
        while let [first, more @ ..] = rest {
            let stuck = |f: &Fault| matches!(f.effect, Effect::Stuck(_));
            let pair = more.first().filter(|f| f.site == first.site && stuck(f) && stuck(first));
            let both = pair.and_then(|_| self.cones.inverted(first.site).ok());
            let (job, used) = match both {
                Some(cone) => (Some(cone), 2),
                None => (self.cone(&[*first]), 1),
            };
            jobs.push((job, &rest[..used]));
            rest = &rest[used..];
        }
        let there: Vec<(&Cone, &[Fault])> =
            jobs.iter().filter_map(|(cone, faults)| Some((cone.as_ref()?, *faults))).collect();
        let mut forms = self.forms_of(&there).into_iter();
        let each = jobs.iter().flat_map(|(cone, faults)| faults.iter().map(move |f| (cone, f)));
        each.map(|(cone, fault)| match cone {
            Some(_) => Ok(forms.next().expect("a form a fault")),
            None => self.whole(&[*fault]),
        })
        .collect()
    }

    /// All products as numbers, in the order of the range's indices, into `products`.
    ///
    /// # Errors
    /// [`NoTable`] with the reason.
    pub fn products(&mut self, faults: &[Fault], products: &mut Vec<u32>) -> Result<(), NoTable> {
        products.clear();
        let Some(cone) = self.cone(faults) else {
            *products = self.evaluate_whole(faults)?;
            return Ok(());
        };
        products.reserve(self.range.pairs());
        for block in 0..self.range.blocks() {
            self.evaluate_sound(block);
            self.evaluate(&cone);
            self.numbers(&cone);
            products.extend_from_slice(self.scratch.numbers.as_slice());
        }
        Ok(())
    }

    fn cone(&mut self, faults: &[Fault]) -> Option<Cone> {
        match faults {
            [] => Some(Cone::default()),
            [fault] => match fault.effect {
                Effect::Stuck(stuck) => self.cones.cone(*fault, stuck).ok(),
                Effect::Flip { .. } => None,
            },
            _ => None,
        }
    }

    /// Evaluates every pair by the folded program of the whole faulty unit.
    fn evaluate_whole(&self, faults: &[Fault]) -> Result<Vec<u32>, NoTable> {
        let sequences = Sequences::new(self.circuit, faults).map_err(NoTable::CarriesState)?;
        let mut products = Vec::with_capacity(self.range.pairs());
        for block in 0..self.range.blocks() {
            let tuple = |i| {
                let (rs1, rs2) = self.range.pair(block * PAIRS + i);
                Tuple { op: self.op, rs1, rs2 }
            };
            let tuples: Vec<Tuple> = (0..PAIRS).map(tuple).collect();
            for answer in screen::answers(&sequences, &tuples) {
                match answer {
                    Answer::Done { value, .. } => products.push(value),
                    Answer::Never => return Err(NoTable::Never),
                }
            }
        }
        Ok(products)
    }

    fn whole(&self, faults: &[Fault]) -> Result<ProductForm, NoTable> {
        let products = self.evaluate_whole(faults)?;
        let mut growing = Growing::new(self.range);
        let mut errors = [0; PAIRS];
        for (block, products) in products.chunks_exact(PAIRS).enumerate() {
            for (i, product) in products.iter().enumerate() {
                errors[i] = product.wrapping_sub(self.exact(block * PAIRS + i));
            }
            growing.many(&errors, block);
        }
        Ok(growing.finish(|index| self.exact(index)))
    }

    fn exact(&self, index: usize) -> u32 {
        let (rs1, rs2) = self.range.pair(index);
        self.op.product(rs1, rs2)
    }

    /// The forms of the faults of each cone: one fault, or the two of an inverted site. Without a fault there is one form too.
    fn forms_of(&mut self, jobs: &[(&Cone, &[Fault])]) -> Vec<ProductForm> {
        let count = |faults: &[Fault]| faults.len().max(1);
        let total = jobs.iter().map(|(_, faults)| count(faults)).sum();
        let mut forms: Vec<Growing> = (0..total).map(|_| Growing::new(self.range)).collect();
        for block in 0..self.range.blocks() {
            self.evaluate_sound(block);
            let mut at = 0;
            for (cone, faults) in jobs {
                let forms = &mut forms[at..at + count(faults)];
                at += count(faults);
                if !cone.answer.is_empty() {
                    self.evaluate(cone);
                    self.judge(cone, faults, forms, block);
                }
            }
        }
        forms.into_iter().map(|form| form.finish(|index| self.exact(index))).collect()
    }

    fn evaluate_sound(&mut self, block: usize) {
        self.range.sources(block, &mut self.planes);
        planes::run(&self.sound.ops, &[], &mut self.planes, self.sound.sources);
    }

    fn evaluate(&mut self, cone: &Cone) {
        if self.own.len() < cone.ops.len() {
            self.own.resize(cone.ops.len(), [0; BLOCK]);
        }
        planes::run(&cone.ops, &self.planes, &mut self.own, 0);
    }

    /// Compares a block's answer with the exact one.
    fn judge(&mut self, cone: &Cone, faults: &[Fault], forms: &mut [Growing], block: usize) {
        // Below the first changed bit nothing differs; above the last only the borrow does.
        let (low, high) = (cone.answer[0].0, cone.answer[cone.answer.len() - 1].0);
        let Scratch { difference, numbers, few } = &mut self.scratch;
        let mut width = high - low + 1;
        let (mut left, mut right) = ([&ZEROS; 32], [&ZEROS; 32]);
        for bit in low..=high {
            right[bit - low] = view(self.sound.answer[bit], &self.planes, &self.own);
        }
        left[..width].copy_from_slice(&right[..width]);
        for (bit, value) in &cone.answer {
            left[bit - low] = view(*value, &self.planes, &self.own);
        }
        let (any, borrow) = planes::subtract(&left[..width], &right[..width], difference);
        if high < 31 {
            difference[width] = borrow;
            width += 1;
        }
        for (i, form) in forms.iter_mut().enumerate() {
            // A fault of an inverted site acts where the site's value is the other one.
            let mut lanes = any;
            if let (Some(site), Effect::Stuck(stuck)) = (cone.site, faults[i].effect) {
                let inverted = u64::from(stuck.value()).wrapping_neg();
                let site = view(site, &self.planes, &self.own);
                lanes.iter_mut().zip(site).for_each(|(lane, site)| *lane &= site ^ inverted);
            }
            if form.few(&lanes, &difference[..width], low, block, few) {
                continue;
            }
            // Many different errors: as numbers, 0 in the other lanes.
            let mut masked = difference[..width].to_vec();
            for plane in &mut masked {
                plane.iter_mut().zip(&lanes).for_each(|(bits, lanes)| *bits &= lanes);
            }
            let planes: [&Plane; 32] = std::array::from_fn(|bit| match bit {
                _ if bit < low => &ZEROS,
                _ => &masked[(bit - low).min(width - 1)],
            });
            planes::numbers(&planes, numbers);
            form.many(numbers, block);
        }
    }

    /// A block's products as numbers.
    fn numbers(&mut self, cone: &Cone) {
        let answer = &self.sound.answer;
        let mut all: [&Plane; 32] =
            std::array::from_fn(|bit| view(answer[bit], &self.planes, &self.own));
        for (bit, value) in &cone.answer {
            all[*bit] = view(*value, &self.planes, &self.own);
        }
        planes::numbers(&all, &mut self.scratch.numbers);
    }
}

static ZEROS: Plane = [0; BLOCK];
static ONES: Plane = [u64::MAX; BLOCK];

/// The plane of a value.
fn view<'p>(value: Abstract, shared: &'p [Plane], own: &'p [Plane]) -> &'p Plane {
    match value {
        Abstract::Known(false) => &ZEROS,
        Abstract::Known(true) => &ONES,
        Abstract::Live(slot) => match (slot as usize).checked_sub(shared.len()) {
            None => &shared[slot as usize],
            Some(i) => &own[i],
        },
    }
}
