//! The protocol without gdb: packets over a socket, right ones and wrong ones.

use crate::cli::{self, stuckat};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

/// A running `stuckat run --gdb 0`.
pub struct Server {
    pub child: Child,
    pub port: String,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Server {
    pub fn start(more: &[&str]) -> Self {
        let line = stuckat(["run", cli::ELF, "--gdb", "0", "--stats"]).words(more);
        let mut command = line.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        stderr.read_line(&mut said).unwrap();
        let port = said.trim().rsplit(':').next().unwrap().to_owned();
        assert!(said.starts_with("stuckat: gdb: listening on 127.0.0.1:"), "{said}");
        Self { child, port, stderr }
    }

    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client(stream)
    }

    /// Waits for its end: exit code, stdout, stderr.
    pub fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut said) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(!said.contains("panicked"), "{said}");
        (status.code(), out, said)
    }
}

pub struct Client(TcpStream);

impl Client {
    fn send(&mut self, body: &[u8]) {
        let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let mut packet = vec![b'$'];
        packet.extend(body);
        packet.extend(format!("#{sum:02x}").bytes());
        self.0.write_all(&packet).unwrap();
    }

    /// The next packet, acknowledged; run-length encoding is undone.
    fn receive(&mut self) -> String {
        let mut byte = [0];
        let mut next = || {
            self.0.read_exact(&mut byte).expect("a byte of a packet");
            byte[0]
        };
        while next() != b'$' {}
        let mut body = Vec::new();
        loop {
            match next() {
                b'#' => break,
                b'*' => {
                    let times = next() - 29;
                    let last = *body.last().unwrap();
                    body.extend(std::iter::repeat_n(last, times.into()));
                }
                byte => body.push(byte),
            }
        }
        next();
        next();
        self.0.write_all(b"+").unwrap();
        String::from_utf8(body).unwrap()
    }

    fn ask(&mut self, body: &str) -> String {
        self.send(body.as_bytes());
        self.receive()
    }

    /// The answer to a `monitor` command.
    fn monitor(&mut self, command: &str) -> String {
        let hex: String = command.bytes().map(|b| format!("{b:02x}")).collect();
        self.send(format!("qRcmd,{hex}").as_bytes());
        let mut text = Vec::new();
        loop {
            match self.receive() {
                done if done == "OK" => return String::from_utf8(text).unwrap(),
                line => {
                    let hex = line.strip_prefix('O').expect("text for the console");
                    let byte = |i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap();
                    text.extend((0..hex.len()).step_by(2).map(byte));
                }
            }
        }
    }
}

/// A little-endian word as it stands in packets.
fn word(value: u32) -> String {
    value.to_le_bytes().map(|byte| format!("{byte:02x}")).concat()
}

#[test]
fn registers_memory_and_documents_are_served() {
    let server = Server::start(&[]);
    let mut gdb = server.connect();
    let features = gdb.ask("qSupported:swbreak+;hwbreak+");
    for feature in ["ReverseStep+", "ReverseContinue+", "qXfer:memory-map:read+", "swbreak+"] {
        assert!(features.contains(feature), "{features}");
    }
    let description = gdb.ask("qXfer:features:read:target.xml:0,3fff");
    assert!(description.contains("<osabi>none</osabi>"), "{description}");
    assert!(description.contains("name=\"mstatus\" bitsize=\"32\" type=\"int\" regnum=\"833\""));
    assert!(!description.contains("\"satp\""), "the core has no supervisor mode");
    // The memory map of the platform `mcu`.
    let map = gdb.ask("qXfer:memory-map:read::0,3fff");
    assert!(map.contains("type=\"ram\" start=\"0x80000000\" length=\"0x100000\""), "{map}");
    assert!(gdb.ask("?").starts_with("T05"));
    // After reset: all registers 0, the pc at the entry.
    assert_eq!(gdb.ask("g"), "00".repeat(128) + &word(0x8000_0000));
    // mstatus 0x300 after reset: MPP is M. misa: RV32 with I, M, C, U.
    assert_eq!(gdb.ask("p341"), word(0x1800));
    assert_eq!(gdb.ask("p342"), word(0x4010_1104));
    assert_eq!(gdb.ask("p1041"), "03");
    assert_eq!(gdb.ask(&format!("P5={}", word(0x1234_5678))), "OK");
    assert_eq!(gdb.ask("p5"), word(0x1234_5678));
    // mscratch 0x340.
    assert_eq!(gdb.ask(&format!("P381={}", word(99))), "OK");
    assert_eq!(gdb.ask("p381"), word(99));
    // mhartid is read-only; 0x180 does not exist.
    assert_eq!(gdb.ask(&format!("Pf55={}", word(1))), "E16");
    assert_eq!(gdb.ask("p1c1"), "E16");
    assert_eq!(gdb.ask("M80080000,4:01020304"), "OK");
    assert_eq!(gdb.ask("m80080001,2"), "0203");
    // Beyond RAM: what there is, and nothing.
    assert_eq!(gdb.ask("m800ffffe,8"), "0000");
    assert_eq!(gdb.ask("m40000000,4"), "E0e");
    assert_eq!(gdb.ask("M40000000,4:00000000"), "E0e");
    // The timer's mtimecmp is asked without side effects: all ones after reset.
    assert_eq!(gdb.ask("m2004000,4").len(), 8);
    gdb.send(b"k");
    drop(gdb);
    let (code, ..) = server.end();
    assert_eq!(code, Some(121));
}

#[test]
fn the_exit_code_and_the_output_are_those_of_a_plain_run() {
    let plain = stuckat(["run", cli::ELF, "--stats"]).succeeds();
    for detach in [false, true] {
        let server = Server::start(&[]);
        let mut gdb = server.connect();
        if detach {
            assert_eq!(gdb.ask("vCont;s"), "S05");
            assert_eq!(gdb.ask("D"), "OK");
        } else {
            assert_eq!(gdb.ask("c"), "W00");
        }
        drop(gdb);
        let (code, stdout, stderr) = server.end();
        assert_eq!((code, stdout), (Some(0), plain.stdout.clone()));
        // The same instructions, cycles and multiplications.
        assert_eq!(stderr, plain.stderr);
    }
}

#[test]
fn monitor_switches_the_fault_and_tells_what_it_did() {
    let fault = "op_a_i[3]/SA1";
    let plain = stuckat(["run", cli::ELF, "--stats", "--max-insns", "200000", "--fault", fault]);
    let plain = plain.run();
    let stats = plain.stderr.lines().next().unwrap().replace(',', "");
    let server = Server::start(&["--max-insns", "200000", "--binding", "single_cycle"]);
    let mut gdb = server.connect();
    assert!(gdb.monitor("help").contains("reset"));
    assert_eq!(gdb.monitor("fault"), "the multiplier is sound\n");
    assert!(gdb.monitor("fault nosuchnet/SA1").contains("nosuchnet"));
    assert!(gdb.monitor("fault on").contains("no fault yet"));
    assert_eq!(
        gdb.monitor(&format!("fault {fault}")),
        format!("the multiplier has the fault {fault}\n")
    );
    assert!(gdb.monitor("fault off").contains("sound"));
    assert!(gdb.monitor("fault on").contains("has the fault"));
    assert!(gdb.monitor("frobnicate").contains("no such command"));
    assert_eq!(gdb.monitor("trace"), "no trace\n");
    // The budget ends it: a line, then SIGXCPU.
    gdb.send(b"c");
    let line = gdb.receive();
    assert!(line.starts_with('O'), "{line}");
    assert_eq!(gdb.receive(), "S18");
    let told = gdb.monitor("stats");
    let counted: String = stats.chars().filter(|c| *c != ',').collect();
    let first = told.lines().next().unwrap().replace(',', "");
    assert_eq!(first, counted, "as in a run with --fault");
    // The first wrong product: bit 3 of one operand is stuck at 1.
    let (operands, value) = told.split_once(": mul ").unwrap().1.split_once(" = ").unwrap();
    let hex = |text: &str| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).unwrap();
    let (a, b) = operands.split_once(", ").unwrap();
    let value = hex(value.split(',').next().unwrap());
    let (a, b) = (hex(a), hex(b));
    assert!(value == (a | 8).wrapping_mul(b) || value == a.wrapping_mul(b | 8), "{told}");
    assert_ne!(value, a.wrapping_mul(b));
    // After a reset all begins anew.
    assert!(gdb.monitor("reset").contains("0x80000000"));
    assert!(gdb.monitor("stats").starts_with("0 instructions"));
    gdb.send(b"k");
    drop(gdb);
    assert_eq!(server.end().0, Some(121));
}

#[test]
fn a_trace_holds_the_instructions_of_the_stretch() {
    let folder = cli::folder();
    let path = folder.path().join("trace.csv");
    let whole = folder.path().join("whole.csv").display().to_string();
    let server = Server::start(&["--max-insns", "3000"]);
    let mut gdb = server.connect();
    assert_eq!(gdb.ask("vCont;s"), "S05");
    let said = gdb.monitor(&format!("trace on {}", path.display()));
    assert!(said.contains("a line for each instruction"), "{said}");
    assert_eq!(gdb.ask("vCont;s"), "S05");
    // Going back and forth does not trace what was executed for it, but what the user executes again.
    assert_eq!(gdb.ask("bs"), "S05");
    gdb.send(b"c");
    while gdb.receive() != "S18" {}
    assert_eq!(gdb.monitor("trace off"), "the trace is complete\n");
    gdb.send(b"k");
    drop(gdb);
    server.end();
    stuckat(["run", cli::ELF, "--max-insns", "3000", "--trace", &whole]).run();
    let pcs = |path: &str| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let rows =
            text.lines().skip(1).map(|line| line.split(',').skip(1).collect::<Vec<_>>().join(","));
        rows.collect()
    };
    let (all, part) = (pcs(&whole), pcs(&path.display().to_string()));
    assert_eq!(part[0], all[1]);
    assert_eq!(part[1..], all[1..]);
}

#[test]
fn ctrl_c_stops_a_program_that_never_ends() {
    // Semihosting is off and the program is halted in its first loop by a jump to itself: `j .` at the entry.
    let server = Server::start(&[]);
    let mut gdb = server.connect();
    assert_eq!(gdb.ask("M80000000,4:6f000000"), "OK");
    gdb.send(b"c");
    std::thread::sleep(Duration::from_millis(50));
    gdb.0.write_all(&[3]).unwrap();
    assert_eq!(gdb.receive(), "S02");
    assert_eq!(gdb.ask("p20"), word(0x8000_0000));
    gdb.send(b"k");
    drop(gdb);
    assert_eq!(server.end().0, Some(121));
}

#[test]
fn broken_clients_are_told_off_in_one_line_and_the_next_is_served() {
    let server = Server::start(&[]);
    let garbage: [&[u8]; 7] = [
        b"$g#00",
        b"\xff\xfe\xfd",
        b"$vCont;z;;;#12-",
        b"GET / HTTP/1.1\r\n\r\n",
        b"$m80000000,ffffffffffffffffffff#aa",
        b"-",
        b"",
    ];
    for bytes in garbage {
        let mut gdb = server.connect();
        let _ = gdb.0.write_all(bytes);
        let _ = gdb.0.shutdown(std::net::Shutdown::Write);
        let mut rest = Vec::new();
        let _ = gdb.0.read_to_end(&mut rest);
    }
    let huge = vec![b'a'; 1 << 20];
    let mut gdb = server.connect();
    let _ = gdb.0.write_all(b"$");
    let _ = gdb.0.write_all(&huge);
    drop(gdb);
    // Random packets with right checksums.
    let mut random = crate::common::Random(1);
    let starts = [
        "m",
        "M",
        "X",
        "p",
        "P",
        "G",
        "Z0,",
        "Z2,",
        "z3,",
        "vCont;",
        "vFlashErase:",
        "vFlashWrite:",
        "qRcmd,",
        "qXfer:features:read:",
        "H",
        "T",
        "bs",
        "s",
        "qXfer:memory-map:read::",
    ];
    for round in 0..40 {
        let mut gdb = server.connect();
        for _ in 0..8 {
            let mut body = starts[random.below(starts.len())].as_bytes().to_vec();
            for _ in 0..random.below(24) {
                body.push(b"0123456789abcdef,:;=-F"[random.below(22)]);
            }
            // Neither an end mark nor an escape inside.
            gdb.send(&body);
        }
        let _ = gdb.0.shutdown(std::net::Shutdown::Write);
        let _ = gdb.0.set_read_timeout(Some(Duration::from_secs(20)));
        let mut rest = Vec::new();
        let _ = gdb.0.read_to_end(&mut rest);
        assert!(round < 40);
    }
    let mut gdb = server.connect();
    gdb.monitor("reset");
    assert_eq!(gdb.ask("g").len(), 33 * 8);
    gdb.send(b"k");
    drop(gdb);
    let (code, _, stderr) = server.end();
    assert_eq!(code, Some(121));
    for line in stderr.lines().filter(|line| line.contains("waiting")) {
        assert!(line.starts_with("stuckat: gdb: "), "{line}");
    }
    assert!(stderr.matches("waiting for the next connection").count() >= 7, "{stderr}");
}

#[test]
fn wrong_places_and_combinations_are_refused() {
    stuckat(["run", "--gdb", cli::ELF]).is_misused(&["neither a port", "--gdb=1234"]);
    stuckat(["run", cli::ELF, "--gdb", "0", "--trace", "x"]).is_misused(&["--gdb", "--trace"]);
    let line = stuckat(["run", cli::ELF, "--gdb", "unix:/nonexistent/socket"]);
    line.is_refused(cli::BAD_INPUT, &["--gdb", "/nonexistent/socket", "cannot listen"]);
}
