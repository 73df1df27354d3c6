//! Functions and lookups: docs/kestra.md 3.6.

mod support;

use segue_template::{Answer, Lookup, LookupTable, RenderError, Renderer};
use serde_json::json;
use support::{check, check_errors, render, scope, scope_with};

#[test]
fn rendering_again() {
    check(&[
        ("{{ render(vars.rec) }}", "myflow"),
        ("{{ renderOnce(vars.chain) }}", "{{ flow.id }}"),
        ("{{ render(vars.chain) }}", "myflow"),
        ("{{ render(vars.chain, recursive=false) }}", "{{ flow.id }}"),
        ("{{ render({'{{ flow.id }}': ['{{ 1 + 1 }}', 3]}) }}", "{\"myflow\":[\"2\",3]}"),
        ("{{ render('plain') }}{{ render(5) }}{{ render(null) }}", "plain5"),
        ("{% for i in [1,2] %}{{ render('{{ i }}') }}{% endfor %}", "12"),
        ("{% set t = '{' ~ '{ x }' ~ '}' %}{% set x = 7 %}{{ render(t) }}", "7"),
    ]);
    check_errors(&[
        ("{{ render(vars.self) }}", "Too many rendering attempts"),
        ("{{ render('{{ nope }}') }}", "Unable to find `nope` used in the expression `{{ nope }}` at line 1"),
        ("{{ render('{{ 1 +') }}", "line 1"),
        ("{{ render(nope) }}", "`nope`"),
        ("{{ render() }}", "toRender"),
    ]);
}

#[test]
fn data() {
    check(&[
        ("{{ json('[1, 2.0]') }}{{ fromJson('\"x\"') }}{{ fromJson(null) }}", "[1,2.0]x"),
        ("{{ yaml('a: [1, b]').a[1] }}", "b"),
        (
            "{{ fromIon('{a:1}\n{a:2}').a }}{{ fromIon('{a:1}{a:2}', allRows=true) }}",
            "1[{\"a\":1},{\"a\":2}]",
        ),
        ("{{ max(1, 3, 2) }}{{ min(2, 1.5) }}", "31.5"),
        ("{{ range('a', 'e', 2) }}{{ range(3, 1) }}{{ range(1, 1) }}", "[\"a\",\"c\",\"e\"][][1]"),
        ("{{ range(0, 10, increment=5) | join(',') }}", "0,5,10"),
    ]);
    check_errors(&[
        ("{{ fromJson(5) }}", "expects an argument 'json' with type string"),
        ("{{ fromJson('{') }}", "JSON"),
        ("{{ fromJson() }}", "expects an argument 'json'"),
        ("{{ yaml('[') }}", "YAML"),
        ("{{ fromIon('{') }}", "ION"),
        ("{{ range(1, 5, 0) }}", "different than 0"),
        ("{{ range('ab', 'c') }}", "length of 1"),
        ("{{ max('a', 1) }}", "invalid operands"),
        ("{{ appLink() }}", "Apps"),
    ]);
}

#[test]
fn time() {
    check(&[
        ("{{ now() }}", "2024-03-01T10:00:00.123456Z"),
        ("{{ now('yyyy-MM-dd') }}", "2024-03-01"),
        ("{{ now(timeZone='Europe/Paris', format='HH:mm XXX') }}", "11:00 +01:00"),
        ("{{ now() | dateAdd(-1, 'DAYS') | date('yyyyMMdd') }}", "20240229"),
    ]);
}

#[test]
fn context_and_loops() {
    check(&[
        ("{{ fetchContext().flow.id }}", "myflow"),
        ("{{ printContext() | keys | first }}", "flow"),
        ("{{ tasksWithState('FAILED') }}", "[{\"taskId\":\"two\",\"value\":\"x\",\"state\":\"FAILED\"}]"),
        ("{{ tasksWithState('SUCCESS') | length }}", "2"),
        ("{{ currentEachOutput(outputs.t).value }}", "deep"),
    ]);
    check_errors(&[("{{ currentEachOutput(outputs.s) }}", "No execution outputs")]);
}

#[test]
fn chance_comes_from_the_seed() {
    let first = render("{{ uuid() }} {{ uuid() }} {{ id() }} {{ randomInt(0, 10) }}").unwrap();
    assert_eq!(first, render("{{ uuid() }} {{ uuid() }} {{ id() }} {{ randomInt(0, 10) }}").unwrap());
    let parts: Vec<_> = first.split(' ').collect();
    assert_ne!(parts[0], parts[1]);
    assert_eq!((parts[0].len(), parts[0].as_bytes()[14]), (36, b'4'));
    assert!(parts[2].chars().all(|c| c.is_ascii_alphanumeric()));
    assert!((0..10).contains(&parts[3].parse().unwrap()));
    assert_eq!(
        render("{{ nanoId() | length }}{{ nanoId(5, 'a') }}{{ ksuid() | length }}").unwrap(),
        "21aaaaa27"
    );
    for _ in 0..3 {
        let drawn = render("{% for i in 1..200 %}{{ randomInt(-2, 3) }} {% endfor %}").unwrap();
        let mut values: Vec<i64> = drawn.split_whitespace().map(|n| n.parse().unwrap()).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values, [-2, -1, 0, 1, 2]);
    }
    check_errors(&[("{{ randomInt(1.5, 3) }}", "integer"), ("{{ randomInt(3, 2) }}", "above upper")]);
}

#[test]
fn encryption_goes_both_ways() {
    let key = "{% set k = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=' %}";
    assert_eq!(render(&format!("{key}{{{{ decrypt(k, encrypt(k, 'sécret')) }}}}")).unwrap(), "sécret");
    let two = render(&format!("{key}{{{{ encrypt(k, 'x') }}}} {{{{ encrypt(k, 'x') }}}}")).unwrap();
    let (a, b) = two.split_once(' ').unwrap();
    assert_ne!(a, b, "a nonce is used once");
    check_errors(&[
        ("{{ encrypt('eA==', 'x') }}", "16, 24 or 32"),
        ("{{ decrypt('MDEyMzQ1Njc4OWFiY2RlZg==', 'AAAA') }}", "cannot be decrypted"),
    ]);
}

#[test]
fn lookups_are_pending_then_answered() {
    let renderer = Renderer::new();
    let table = LookupTable::new();
    let scope = scope_with(&table);
    let template = "{{ kv('k') ?? 'd' }}";
    assert_eq!(renderer.render(template, &scope), Err(RenderError::Pending));
    let asked = Lookup::Kv { namespace: None, key: "k".into() };
    assert_eq!(table.take_pending(), std::slice::from_ref(&asked));
    table.insert(asked.clone(), Answer::Found(json!({"a": 1})));
    assert_eq!(renderer.render(template, &scope).unwrap(), "{\"a\":1}");
    assert_eq!(renderer.render("{{ kv('k').a + 1 }}", &scope).unwrap(), "2");
    table.insert(asked, Answer::Missing);
    let error = renderer.render("{{ kv('k') }}", &scope).unwrap_err().to_string();
    assert!(error.contains("The key 'k' does not exist in the namespace 'company.team'."), "{error}");
    assert!(renderer.render(template, &scope).is_err());
    assert_eq!(renderer.render("{{ kv('k', errorOnMissing=false) ?? 'd' }}", &scope).unwrap(), "d");
    assert_eq!(renderer.render("{{ kv('k', errorOnMissing=false).field ?? null }}", &scope).unwrap(), "");
    assert_eq!(renderer.render("{{ kv('k', errorOnMissing=false).a.b ?? 'd' }}", &scope).unwrap(), "d");
    let elsewhere = Lookup::Kv { namespace: Some("other".into()), key: "k".into() };
    table.insert(elsewhere, Answer::Failed("unknown namespace".into()));
    assert!(
        renderer
            .render("{{ kv('k', 'other', false) }}", &scope)
            .unwrap_err()
            .to_string()
            .contains("unknown namespace")
    );
    assert!(table.take_pending().is_empty());
}

#[test]
fn secrets_files_and_requests_are_asked_for() {
    let renderer = Renderer::new();
    let table = LookupTable::new();
    let scope = scope_with(&table);
    let (path, namespace) = ("kestra:///company/team/f.ion".to_owned(), None::<String>);
    table.insert(
        Lookup::Secret { namespace: None, key: "TOKEN".into(), subkey: None },
        Answer::Found("s3cr3t".into()),
    );
    table.insert(Lookup::Secret { namespace: None, key: "NONE".into(), subkey: None }, Answer::Missing);
    table.insert(
        Lookup::Read { path: path.clone(), namespace: namespace.clone() },
        Answer::Found("{a:1}".into()),
    );
    table.insert(
        Lookup::FileSize { path: path.clone(), namespace: namespace.clone() },
        Answer::Found(5.into()),
    );
    table.insert(
        Lookup::FileExists { path: path.clone(), namespace: namespace.clone() },
        Answer::Found(true.into()),
    );
    table.insert(Lookup::FileEmpty { path, namespace }, Answer::Found(false.into()));
    table.insert(Lookup::FileExists { path: "no.txt".into(), namespace: None }, Answer::Missing);
    table.insert(Lookup::Read { path: "no.txt".into(), namespace: None }, Answer::Missing);
    table.insert(Lookup::ErrorLogs, Answer::Found(json!([{"message": "boom"}])));
    table.insert(Lookup::RandomPort, Answer::Found(4242.into()));
    for (template, expected) in [
        ("{{ secret('TOKEN') }}", "s3cr3t"),
        ("{{ fromIon(read(outputs.s.uri)).a }}", "1"),
        (
            "{{ fileSize(outputs.s.uri) }}{{ fileExists(outputs.s.uri) }}{{ isFileEmpty(outputs.s.uri) }}",
            "5truefalse",
        ),
        ("{{ fileExists('no.txt') }}", "false"),
        ("{{ errorLogs()[0].message }}", "boom"),
        ("{{ randomPort() }}", "4242"),
        ("{{ fileURI('a/b.txt') }}", "kestra:///company/team/_files/a/b.txt"),
        ("{{ fileURI('/a.txt', namespace='x.y') }}", "kestra:///x/y/_files/a.txt"),
    ] {
        assert_eq!(renderer.render(template, &scope).unwrap(), expected, "{template}");
    }
    for (template, message) in [
        ("{{ secret('NONE') }}", "Cannot find secret for key 'NONE'."),
        ("{{ read('no.txt') }}", "does not exist"),
        ("{{ read('../x') }}", "../"),
        ("{{ fileURI('a/../../x') }}", "../"),
    ] {
        let error = renderer.render(template, &scope).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn equal_requests_are_one_question() {
    let renderer = Renderer::new();
    let table = LookupTable::new();
    let scope = scope_with(&table);
    for template in [
        "{{ http('https://x', headers={'b': 1, 'a': 2}) }}",
        "{{ http(headers={'a': 2, 'b': 1}, uri='https://x', method='GET') }}",
    ] {
        assert_eq!(renderer.render(template, &scope), Err(RenderError::Pending));
    }
    let asked = table.take_pending();
    assert_eq!(asked.len(), 1, "{asked:?}");
    table.insert(asked[0].clone(), Answer::Found(json!({"ok": [1]})));
    assert_eq!(
        renderer.render("{{ http('https://x', headers={'a': 2, 'b': 1}).ok[0] }}", &scope).unwrap(),
        "1"
    );
}

#[test]
fn renderers_are_shared_between_threads() {
    let renderer = Renderer::new();
    std::thread::scope(|threads| {
        for n in 0..4 {
            let renderer = renderer.clone();
            threads.spawn(move || {
                for i in 0..600 {
                    let template = format!("{{{{ inputs.n + {} }}}}", n * 600 + i);
                    assert_eq!(renderer.render(&template, &scope()).unwrap(), (5 + n * 600 + i).to_string());
                }
            });
        }
    });
}
