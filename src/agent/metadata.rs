//! Check of a core module's description of its world, before it is used.
//!
//! The library that wraps a module sorts the packages of that world by their uses. It never returns
//! if packages use each other in a circle. No text in WIT can describe such a circle, but bytes
//! can.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    BinaryReaderError, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, ComponentType,
    ComponentTypeDeclaration, ComponentTypeRef, InstanceTypeDeclaration, Parser, Payload,
};

/// Prefix of the names of sections that describe the world.
const SECTION: &str = "component-type";

/// Packages that each package uses, over all sections of a module together.
#[derive(Default)]
struct Uses(BTreeMap<String, BTreeSet<String>>);

/// Returns `true` if `module` describes its world.
///
/// # Errors
///
/// Returns the reason why the description makes no sense.
pub(super) fn is_described(module: &[u8]) -> Result<bool, String> {
    let mut uses = Uses::default();
    let mut described = false;
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::CustomSection(section)) = payload else { continue };
        if section.name().starts_with(SECTION) {
            described = true;
            uses.read(section.data()).map_err(|error| error.to_string())?;
        }
    }
    match uses.in_circle() {
        Some(package) => Err(format!("its packages use each other in a circle, `{package}` among them")),
        None => Ok(described),
    }
}

/// Returns the package of a name such as `wasi:io/streams@0.2.0`, without the interface.
fn package(name: &str) -> Option<String> {
    let (package, rest) = name.split_once('/')?;
    Some(rest.split_once('@').map_or_else(|| package.to_owned(), |(_, version)| format!("{package}@{version}")))
}

impl Uses {
    fn read(&mut self, section: &[u8]) -> Result<(), BinaryReaderError> {
        for payload in Parser::new(0).parse_all(section) {
            if let Payload::ComponentTypeSection(types) = payload? {
                for described in types {
                    if let ComponentType::Component(declarations) = described? {
                        self.world(&declarations);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads the uses of the interfaces of a world from their types. Returns every package that is
    /// named in it.
    fn world(&mut self, declarations: &[ComponentTypeDeclaration<'_>]) -> BTreeSet<String> {
        // Each type has the package that it comes from, and the packages that it is made with.
        let mut types: Vec<(Option<String>, BTreeSet<String>)> = Vec::new();
        let mut instances: Vec<Option<String>> = Vec::new();
        let mut named = BTreeSet::new();
        let at = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
        for declaration in declarations {
            match declaration {
                ComponentTypeDeclaration::Type(ComponentType::Instance(parts)) => {
                    let used = parts.iter().filter_map(|part| match part {
                        InstanceTypeDeclaration::Alias(ComponentAlias::Outer {
                            kind: ComponentOuterAliasKind::Type,
                            count: 1,
                            index,
                        }) => types.get(at(*index))?.0.clone(),
                        _ => None,
                    });
                    let used = used.collect();
                    types.push((None, used));
                }
                ComponentTypeDeclaration::Type(ComponentType::Component(inner)) => {
                    let used = self.world(inner);
                    types.push((None, used));
                }
                ComponentTypeDeclaration::Type(_)
                | ComponentTypeDeclaration::Alias(ComponentAlias::Outer {
                    kind: ComponentOuterAliasKind::Type, ..
                }) => types.push((None, BTreeSet::new())),
                ComponentTypeDeclaration::Alias(ComponentAlias::InstanceExport {
                    kind: ComponentExternalKind::Type,
                    instance_index,
                    ..
                }) => {
                    types.push((instances.get(at(*instance_index)).cloned().flatten(), BTreeSet::new()));
                }
                ComponentTypeDeclaration::CoreType(_) | ComponentTypeDeclaration::Alias(_) => {}
                ComponentTypeDeclaration::Import(import) => {
                    named.extend(self.name(import.name.name, import.ty, &mut types, &mut instances));
                }
                ComponentTypeDeclaration::Export { name, ty, .. } => {
                    named.extend(self.name(name.name, *ty, &mut types, &mut instances));
                }
            }
        }
        named
    }

    /// Reads the name of an interface or a world of a package. Its types show the packages that it
    /// uses.
    fn name(
        &mut self,
        name: &str,
        reference: ComponentTypeRef,
        types: &mut Vec<(Option<String>, BTreeSet<String>)>,
        instances: &mut Vec<Option<String>>,
    ) -> Option<String> {
        let package = package(name);
        match reference {
            ComponentTypeRef::Instance(index) | ComponentTypeRef::Component(index) => {
                let used = usize::try_from(index).ok().and_then(|index| types.get(index));
                if let (Some(package), Some((_, used))) = (&package, used) {
                    let others = used.iter().filter(|other| *other != package).cloned();
                    self.0.entry(package.clone()).or_default().extend(others);
                }
                if matches!(reference, ComponentTypeRef::Instance(_)) {
                    instances.push(package.clone());
                }
            }
            ComponentTypeRef::Type(_) => types.push((None, BTreeSet::new())),
            ComponentTypeRef::Module(_) | ComponentTypeRef::Func(_) | ComponentTypeRef::Value(_) => {}
        }
        package
    }

    /// Returns a package in a circle, or one that uses such a package. Packages whose uses are all
    /// removed are removed, again and again; one that is left over is the result.
    fn in_circle(self) -> Option<String> {
        let mut left = self.0;
        loop {
            let before = left.len();
            let names: BTreeSet<String> = left.keys().cloned().collect();
            left.retain(|_, used| used.iter().any(|other| names.contains(other)));
            if left.len() == before {
                return left.into_keys().next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a module whose world is of the package `own`. The world imports an interface from each
    /// of three packages, and each interface uses the one before.
    fn module(own: &str, packages: [&str; 3]) -> Vec<u8> {
        let [first, second, third] = packages;
        let section = wat::parse_str(format!(
            r#"(component
                 (type (component
                   (type (component
                     (type (instance (export "t" (type (sub resource)))))
                     (import "{first}/x" (instance (type 0)))
                     (alias export 0 "t" (type))
                     (type (instance (alias outer 1 1 (type)) (export "t" (type (eq 0)))))
                     (import "{second}/y" (instance (type 2)))
                     (alias export 1 "t" (type))
                     (type (instance (alias outer 1 3 (type)) (export "t" (type (eq 0)))))
                     (import "{third}/z" (instance (type 4)))))
                   (export "{own}/world" (component (type 0)))))
                 (export "world" (type 0))
                 (@custom "wit-component-encoding" "\04\00"))"#
        ))
        .unwrap();
        let mut bytes = wat::parse_str("(module)").unwrap();
        let mut content = vec![u8::try_from(SECTION.len()).unwrap()];
        content.extend_from_slice(SECTION.as_bytes());
        content.extend_from_slice(&section);
        bytes.push(0);
        // Length, in LEB128 of two bytes.
        let length = u16::try_from(content.len()).unwrap();
        bytes.extend([u8::try_from(length & 0x7F).unwrap() | 0x80, u8::try_from(length >> 7).unwrap()]);
        bytes.extend_from_slice(&content);
        bytes
    }

    #[test]
    fn packages_in_a_circle_are_refused_before_they_are_ordered() {
        let why = is_described(&module("test:test", ["a:a", "b:b", "a:a"])).unwrap_err();
        assert_eq!(why, "its packages use each other in a circle, `a:a` among them");
    }

    #[test]
    fn the_package_of_the_world_is_one_of_them() {
        let why = is_described(&module("a:a", ["a:a", "b:b", "c:c"])).unwrap_err();
        assert_eq!(why, "its packages use each other in a circle, `a:a` among them");
    }

    #[test]
    fn packages_in_a_row_are_not() {
        assert_eq!(is_described(&module("test:test", ["a:a", "b:b", "c:c"])), Ok(true));
        assert_eq!(is_described(&module("test:test", ["a:a", "a:a", "b:b"])), Ok(true));
        assert_eq!(is_described(&wat::parse_str("(module)").unwrap()), Ok(false));
    }
}
