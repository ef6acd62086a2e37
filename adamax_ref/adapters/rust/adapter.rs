//! Lets the Adamax in adamax.rs answer the questions of `adamax-ref verify`: one JSON object a line in, one a line out.
//!
//!   rustc -O -o adapter adapter.rs                      profile f32; with --cfg double profile f64
//!   adamax-ref verify --dialect torch -- ./adapter

mod adamax;
mod hyper;

use adamax::{step, ABOUT};
use hyper::{checked, Hyper, Real, State};
use std::io::{stdin, stdout, BufRead, Write};

const DIGITS: usize = 2 * std::mem::size_of::<Real>();

/// The JSON value at the beginning of `text`, which may go on behind it.
fn value(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, sign) in text.char_indices() {
        if !quoted && depth == 0 && at > 0 && ",:}] \t\r\n".contains(sign) {
            return &text[..at];
        }
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The members of an array; of an object keys and values in turn.
fn members(text: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), text.get(1..).unwrap_or(""));
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',', ':']);
        if rest.is_empty() || rest.starts_with(['}', ']']) {
            return found;
        }
        found.push(value(rest));
        rest = &rest[value(rest).len()..];
    }
}

/// The value of a key of an object.
fn get<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let quoted = format!("\"{key}\"");
    members(object).chunks_exact(2).find(|pair| pair[0] == quoted).map(|pair| pair[1])
}

fn need<'a>(object: &'a str, key: &str) -> Result<&'a str, String> {
    get(object, key).ok_or(format!("{key} is missing"))
}

/// Bit patterns of so many digits in a string, one blank between them.
fn patterns(text: &str, digits: usize) -> Result<Vec<u64>, String> {
    let words = text.trim_matches('"').split(' ').filter(|_| text != "\"\"");
    let legal = |word: &str| word.len() == digits && word.bytes().all(|sign| matches!(sign, b'0'..=b'9' | b'a'..=b'f'));
    words.map(|word| u64::from_str_radix(word, 16).ok().filter(|_| legal(word)).ok_or("malformed number".into())).collect()
}

fn scalar(number: &str) -> Result<f64, String> {
    let bits = patterns(need(number, "f64")?, 16)?;
    if let [one] = bits[..] { Ok(f64::from_bits(one)) } else { Err("not one number".into()) }
}

fn array(text: &str, count: usize) -> Result<Vec<Real>, String> {
    let bits = patterns(text, DIGITS)?;
    if bits.len() != count {
        return Err(format!("{} numbers where {count} are due", bits.len()));
    }
    Ok(bits.iter().map(|&each| Real::from_bits(each as _)).collect())
}

fn integer(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text} is no whole number"))
}

fn shown(values: &[Real]) -> String {
    values.iter().map(|x| format!("{:0DIGITS$x}", x.to_bits())).collect::<Vec<_>>().join(" ")
}

/// The reported steps, or why the question is refused.
fn run(question: &str) -> Result<String, String> {
    let (hyper, init) = (need(question, "hyper")?, need(question, "init")?);
    let h = |name| scalar(need(hyper, name)?);
    let (lr, beta1, beta2, eps, weight_decay) = (h("lr")?, h("beta1")?, h("beta2")?, h("eps")?, h("weight_decay")?);
    let mut now = Hyper { lr, beta1, beta2, eps, weight_decay, maximize: get(hyper, "maximize") == Some("true") };
    let sizes = members(need(question, "shape")?).into_iter().map(integer).collect::<Result<Vec<_>, _>>()?;
    let count = sizes.iter().product::<i64>() as usize;
    let start = |name| array(need(init, name)?, count);
    let mut s = State { theta: start("theta")?, m: start("m")?, u: start("u")?, t: integer(need(init, "t")?)? };
    if s.t < 0 {
        return Err("t is negative".into());
    }
    let (reported, mut answer) = (members(need(question, "report")?), Vec::new());
    for (number, each) in members(need(question, "steps")?).into_iter().enumerate() {
        now.lr = get(each, "lr").map_or(Ok(lr), scalar)?;
        checked(&now)?;
        if get(each, "skip").is_none() {
            step(&mut s, &array(need(each, "grad")?, count)?, &now);
        }
        if reported.contains(&(number + 1).to_string().as_str()) {
            let [theta, m, u] = [&s.theta, &s.m, &s.u].map(|each| shown(each));
            answer.push(format!(r#"{{"step":{},"t":{},"theta":"{theta}","m":"{m}","u":"{u}"}}"#, number + 1, s.t));
        }
    }
    Ok(answer.join(","))
}

fn main() {
    for line in stdin().lock().lines().map_while(Result::ok) {
        let answer = match get(&line, "id").map(|id| (id, run(&line))) {
            None => format!(
                r#"{{"axp":1,"language":"rust","profiles":["f{}"],{ABOUT},"declares":[],"exposes":["theta","m","u","t"]}}"#,
                4 * DIGITS
            ),
            Some((id, Ok(steps))) => format!(r#"{{"id":{id},"steps":[{steps}]}}"#),
            Some((id, Err(why))) => format!(r#"{{"id":{id},"refused":{{"message":{why:?}}}}}"#),
        };
        println!("{answer}");
        stdout().flush().expect("standard output is gone");
    }
}
