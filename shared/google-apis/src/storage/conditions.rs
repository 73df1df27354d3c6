//! Preconditions: a request that is refused if the object has another generation than the client thinks.

use super::Parameters;
use crate::refusal::Refusal;
use segue_ports::object::{ObjectAddress, ObjectInfo};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use tokio::sync::{Mutex, MutexGuard};

/// The number of locks. Objects share them.
const LOCKS: usize = 64;

/// Locks for writes of objects, so that nobody writes between a check and the write. Flows write through the port, and do
/// not wait here.
pub(super) struct Locks {
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
    all: Mutex<()>,
}

impl Default for Locks {
    fn default() -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        Self { locks, hasher: RandomState::new(), all: Mutex::default() }
    }
}

impl Locks {
    /// Waits until nobody writes this object.
    pub(super) async fn of(&self, address: &ObjectAddress) -> MutexGuard<'_, ()> {
        let number = usize::try_from(self.hasher.hash_one(address) % LOCKS as u64).unwrap_or_default();
        self.locks.get(number).unwrap_or(&self.all).lock().await
    }
}

/// What a request demands of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Conditions {
    /// The generation to use.
    generation: Option<u64>,
    /// The generation that the object must have. 0: the object must not exist.
    matches: Option<u64>,
    /// The generation that the object must not have. 0: the object must exist.
    differs: Option<u64>,
    meta_matches: Option<u64>,
    meta_differs: Option<u64>,
}

impl Conditions {
    /// From the parameters of an address.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Self::named(parameters, ["generation", "ifGeneration", "ifMetageneration"])
    }

    /// About the source of a copy.
    pub(super) fn of_source(parameters: &Parameters) -> Result<Self, Refusal> {
        Self::named(parameters, ["sourceGeneration", "ifSourceGeneration", "ifSourceMetageneration"])
    }

    fn named(parameters: &Parameters, [own, generation, meta]: [&str; 3]) -> Result<Self, Refusal> {
        let number = |name: String| match parameters.get(&name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(Refusal::invalid(format!("{name} is '{text}', not a number"))),
            },
        };
        Ok(Self {
            generation: number(own.to_owned())?,
            matches: number(format!("{generation}Match"))?,
            differs: number(format!("{generation}NotMatch"))?,
            meta_matches: number(format!("{meta}Match"))?,
            meta_differs: number(format!("{meta}NotMatch"))?,
        })
    }

    /// The generation that an object must have. None: any.
    pub(super) fn generation(generation: Option<u64>, matches: Option<u64>) -> Self {
        Self { generation, matches, ..Self::default() }
    }

    /// Whether something is demanded.
    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Checks an object before it is written.
    pub(super) fn check(self, current: Option<&ObjectInfo>) -> Result<(), Refusal> {
        let has = current.map_or(0, |info| info.generation);
        let meta = u64::from(current.is_some());
        let is_met = self.matches.is_none_or(|wanted| wanted == has)
            && self.differs.is_none_or(|other| other != has)
            && self.meta_matches.is_none_or(|wanted| wanted == meta)
            && self.meta_differs.is_none_or(|other| other != meta);
        if is_met {
            return Ok(());
        }
        Err(Refusal::new("conditionNotMet", "At least one of the pre-conditions you specified did not hold."))
    }

    /// Checks an object that is read. If the client has it already, the answer is 304.
    pub(super) fn check_read(
        self,
        current: Option<ObjectInfo>,
        address: &ObjectAddress,
    ) -> Result<ObjectInfo, Refusal> {
        let known = current.filter(|info| self.generation.is_none_or(|wanted| wanted == info.generation));
        let info = known.ok_or_else(|| missing(address))?;
        if self.differs == Some(info.generation) {
            return Err(Refusal::new("notModified", ""));
        }
        self.check(Some(&info))?;
        Ok(info)
    }
}

/// The error for an object that does not exist.
pub(super) fn missing(address: &ObjectAddress) -> Refusal {
    Refusal::not_found(format!("No such object: {}/{}", address.bucket, address.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::object::ObjectAttributes;

    fn asked(pairs: &[(&str, &str)]) -> Conditions {
        let parameters =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Conditions::read(&parameters).unwrap()
    }

    #[test]
    fn generations_are_compared() {
        let address = ObjectAddress::new("b", "k");
        let info = ObjectInfo {
            address: address.clone(),
            size: 1,
            generation: 7,
            updated: jiff::Timestamp::UNIX_EPOCH,
            attributes: ObjectAttributes::default(),
        };
        let status = |outcome: Result<(), Refusal>| outcome.err().map(|refusal| refusal.status().as_u16());
        for (pairs, on_object, on_none) in [
            (&[][..], None, None),
            (&[("ifGenerationMatch", "7")], None, Some(412)),
            (&[("ifGenerationMatch", "0")], Some(412), None),
            (&[("ifGenerationNotMatch", "7")], Some(412), None),
            (&[("ifGenerationNotMatch", "0")], None, Some(412)),
            (&[("ifMetagenerationMatch", "1")], None, Some(412)),
            (&[("ifMetagenerationMatch", "2")], Some(412), Some(412)),
        ] {
            assert_eq!(status(asked(pairs).check(Some(&info))), on_object, "{pairs:?}");
            assert_eq!(status(asked(pairs).check(None)), on_none, "{pairs:?}");
        }
        let read =
            |pairs: &[(&str, &str)]| status(asked(pairs).check_read(Some(info.clone()), &address).map(drop));
        assert_eq!(read(&[("generation", "7")]), None);
        assert_eq!(read(&[("generation", "6")]), Some(404));
        assert_eq!(read(&[("ifGenerationNotMatch", "7")]), Some(304));
        assert!(Conditions::read(&Parameters::from([("generation".to_owned(), "x".to_owned())])).is_err());
    }
}
