//! Queries on one collection.

use super::document::{Version, version_time};
use firestore::gcloud_sdk::google::firestore::v1::structured_query::filter::FilterType;
use firestore::gcloud_sdk::google::firestore::v1::structured_query::{
    CollectionSelector, CompositeFilter, Direction, FieldFilter, FieldReference, Filter, Order, Projection,
    composite_filter, field_filter,
};
use firestore::gcloud_sdk::google::firestore::v1::{Cursor, StructuredQuery, Value};
use firestore::gcloud_sdk::prost_types::Timestamp as ProtoTimestamp;

/// The operator of a comparison.
pub(crate) use field_filter::Operator as Is;

/// A query.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The document that the collection belongs to. None for a top-level collection.
    pub(crate) parent: Option<String>,
    pub(crate) collection: String,
    /// Whether the collections of this name below all documents are meant.
    everywhere: bool,
    filters: Vec<Filter>,
    order: Vec<Order>,
    fields: Vec<String>,
    limit: Option<i32>,
    offset: i32,
    after: Option<Cursor>,
    at: Option<Version>,
}

impl Query {
    pub(crate) fn on(collection: String) -> Self {
        Self {
            parent: None,
            collection,
            everywhere: false,
            filters: Vec::new(),
            order: Vec::new(),
            fields: Vec::new(),
            limit: None,
            offset: 0,
            after: None,
            at: None,
        }
    }

    /// A query on all collections of this name, below any document. Without a condition it needs no index.
    pub(crate) fn everywhere(collection: String) -> Self {
        Self { everywhere: true, ..Self::on(collection) }
    }

    /// A query on a collection below a document.
    pub(crate) fn within(parent: &str, collection: String) -> Self {
        Self { parent: Some(parent.to_owned()), ..Self::on(collection) }
    }

    pub(crate) fn and(mut self, field: &str, is: Is, value: Value) -> Self {
        self.filters.push(Filter {
            filter_type: Some(FilterType::FieldFilter(FieldFilter {
                field: Some(reference(field)),
                op: is.into(),
                value: Some(value),
            })),
        });
        self
    }

    pub(crate) fn ascending(self, field: &str) -> Self {
        self.ordered(field, Direction::Ascending)
    }

    pub(crate) fn descending(self, field: &str) -> Self {
        self.ordered(field, Direction::Descending)
    }

    fn ordered(mut self, field: &str, direction: Direction) -> Self {
        self.order.push(Order { field: Some(reference(field)), direction: direction.into() });
        self
    }

    /// Returns only these fields.
    pub(crate) fn only(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|field| (*field).to_owned()).collect();
        self
    }

    /// Returns only the names.
    pub(crate) fn names(self) -> Self {
        self.only(&["__name__"])
    }

    /// The largest number of results. 0: no limit.
    pub(crate) fn limit(mut self, limit: u32) -> Self {
        self.limit = (limit > 0).then(|| i32::try_from(limit).unwrap_or(i32::MAX));
        self
    }

    pub(crate) fn offset(mut self, offset: u32) -> Self {
        self.offset = i32::try_from(offset).unwrap_or(i32::MAX);
        self
    }

    /// Begins after the document with these values of the ordered fields.
    pub(crate) fn after(mut self, values: Vec<Value>) -> Self {
        self.after = Some(Cursor { values, before: false });
        self
    }

    /// Reads the database as of this time.
    pub(crate) fn at(mut self, time: Version) -> Self {
        self.at = Some(time);
        self
    }

    pub(crate) fn read_time(&self) -> Option<ProtoTimestamp> {
        self.at.map(version_time)
    }

    pub(crate) fn structured(self) -> StructuredQuery {
        let mut filters = self.filters;
        let condition = if filters.len() > 1 {
            let op = composite_filter::Operator::And.into();
            Some(Filter { filter_type: Some(FilterType::CompositeFilter(CompositeFilter { op, filters })) })
        } else {
            filters.pop()
        };
        let fields = self.fields.iter().map(|field| reference(field)).collect();
        StructuredQuery {
            select: (!self.fields.is_empty()).then_some(Projection { fields }),
            from: vec![CollectionSelector {
                collection_id: self.collection,
                all_descendants: self.everywhere,
            }],
            r#where: condition,
            order_by: self.order,
            limit: self.limit,
            offset: self.offset,
            start_at: self.after,
            ..StructuredQuery::default()
        }
    }
}

fn reference(field: &str) -> FieldReference {
    FieldReference { field_path: field.to_owned() }
}
