# What jq 1.6 defines and jaq does not, or defines otherwise.
def from_entries:
  reduce .[] as $entry ({};
    . + {
      ($entry | if type == "object" then
          [.key, .k, .name, .Name, .Key, .K | select(. != null)] | first
        else . end
        | if type == "string" then . else tojson end):
      ($entry | if has("value") then .value elif has("v") then .v elif has("Value") then .Value else .V end)
    });
def with_entries(f): to_entries | map(f) | from_entries;
def leaf_paths: paths(scalars);
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);
def isvalid(f): try (f | true) catch false;
def ascii: [.] | implode;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def @csv:
  [.[] | if type == "string" then "\"" + (split("\"") | join("\"\"")) + "\""
         elif . == null then ""
         elif type == "array" or type == "object" then error("\(type) is not valid in a csv row")
         else tostring end] | join(",");
def @tsv:
  [.[] | if type == "string" then
           split("\\") | join("\\\\") | split("\t") | join("\\t") | split("\n") | join("\\n") | split("\r") | join("\\r")
         elif . == null then ""
         elif type == "array" or type == "object" then error("\(type) is not valid in a tsv row")
         else tostring end] | join("\t");
