use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::reading::Recording;
use crate::reading::catalog::{PlaceIndex, ThreadIndex};

fn gallery() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("traces/gallery")
}

/// Checks the page's report on a recording of the gallery.
fn with_page(name: &str, check: impl FnOnce(&Report<'_>, &PageReport)) {
    let bytes = std::fs::read(gallery().join(name).with_extension("rec")).unwrap();
    let recording = Recording::from_bytes(bytes).unwrap();
    let report = Report::new(&recording).unwrap();
    check(&report, &PageReport::new(&report));
}

fn name_of(report: &Report<'_>, thread: usize) -> String {
    report.analysis.catalog.threads[ThreadIndex::from(thread)].name.clone()
}

fn edges_of(report: &Report<'_>, page: &PageReport) -> Vec<(String, String, bool)> {
    let edges = page.graph.edges.iter();
    edges.map(|edge| (name_of(report, edge.from), edge.text.clone(), edge.ring)).collect()
}

#[test]
fn the_ring_of_a_deadlock_is_marked_and_a_join_of_it_is_not() {
    with_page("deadlock", |report, page| {
        let expected = [
            ("main", "until anna ends", false),
            ("anna", "until ben receives from \"anna to ben\"", true),
            ("ben", "until anna receives from \"ben to anna\"", true),
        ];
        let expected = expected.map(|(from, text, ring)| (from.into(), text.into(), ring));
        assert_eq!(edges_of(report, page), expected);
        let core = page.graph.nodes.iter().filter(|node| node.core && node.stuck);
        let core: Vec<_> = core.map(|node| name_of(report, node.thread)).collect();
        assert_eq!(core, ["anna", "ben"]);
    });
}

#[test]
fn a_forgotten_sender_is_an_edge_with_its_line() {
    with_page("forgotten_sender", |report, page| {
        let [edge] = &page.graph.edges[..] else { panic!("{:?}", page.graph.edges) };
        assert_eq!(
            edge.text,
            "until main drops its Sender (examples/src/bin/forgotten_sender.rs:18)"
        );
        let place = PlaceIndex::from(edge.place.unwrap());
        assert_eq!(report.analysis.catalog.places[place].line, 18);
        assert!(edge.ring && edge.from == edge.to);
        let [node] = &page.graph.nodes[..] else { panic!("{:?}", page.graph.nodes) };
        assert!(node.core && node.certain && node.text == "waits in recv on \"results\"");
    });
}

#[test]
fn every_recording_of_the_gallery_has_a_consistent_page_report() {
    let names = std::fs::read_dir(gallery()).unwrap().map(|entry| entry.unwrap().path());
    let names: Vec<_> =
        names.filter(|path| path.extension().is_some_and(|it| it == "rec")).collect();
    assert!(names.len() > 10);
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap();
        with_page(name, |report, page| {
            let nodes: BTreeSet<_> = page.graph.nodes.iter().map(|node| node.thread).collect();
            for edge in &page.graph.edges {
                assert!(nodes.contains(&edge.from) && nodes.contains(&edge.to), "{name}: {edge:?}");
            }
            assert!(page.path.windows(2).all(|pair| pair[0].to == pair[1].from), "{name}");
            let length: u64 = page.path.iter().map(|piece| piece.to - piece.from).sum();
            // The parts are rounded, and the pieces are not.
            let parts = report.analysis.critical_path.length().get();
            assert!(length.abs_diff(parts) <= 100, "{name}: {length} {parts}");
            assert_eq!(page.primitives.len(), report.analysis.catalog.primitives.len());
            assert_eq!(page.findings.len(), page.report.findings.len());
            let text = serde_json::to_string(page).unwrap();
            assert!(text.contains("\"headline\"") || page.findings.is_empty());
        });
    }
}
