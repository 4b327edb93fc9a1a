"""Reads a table of the lake with PyIceberg and prints what it found as JSON."""
import json
import sys

from pyiceberg.table import StaticTable

table = StaticTable.from_metadata(sys.argv[1])
rows = table.scan().to_arrow()
facts = lambda arrow: {
    "rows": arrow.num_rows,
    "total": str(sum(value for value in arrow["total"].to_pylist())),
    "amount": str(sum(value for value in arrow["amount"].to_pylist())),
    "hints": sum(1 for entries in arrow["_unknown_fields"].to_pylist() if any(key == "hint" for key, _ in entries)),
}
print(json.dumps({
    "now": facts(rows),
    "coupons": rows["coupon"].to_pylist().count("C"),
    "snapshots": [facts(table.scan(snapshot_id=one.snapshot_id).to_arrow()) for one in table.snapshots()],
    "filtered": table.scan(row_filter="amount > 50").to_arrow().num_rows,
    "columns": {field.name: [field.field_id, str(field.field_type)] for field in table.schema().fields},
    "values": sorted(value.decode() for value in rows["_value"].to_pylist()),
}))
