"""The Java code of the documentation, compiled and run with the JDK alone."""

import shutil
import subprocess
from pathlib import Path

import pytest

from refund_sandbox.testing import Sandbox
from tests.support.doc_blocks import file, write

pytestmark = pytest.mark.memory_only

MAIN = """
import java.io.IOException;
import java.util.HexFormat;

class Main {
  public static void main(String[] arguments) throws Exception {
    Sandbox sandbox = new Sandbox(arguments[0]);
    LOCAL
    System.out.println(transactions.body());
    System.out.println(sandbox.control("GET", "/faults", null).body());
    try {
      sandbox.control("POST", "/faults", "{\\"scenario\\": \\"reply_lots\\"}");
    } catch (IllegalArgumentException refused) {
      System.out.println(refused.getMessage());
    }
  }

  static void assertThrows(Class<?> kind, Call call) throws Exception {
    try {
      call.run();
    } catch (IOException lost) {
      return;
    }
    throw new AssertionError("the reply was not lost");
  }

  interface Call { void run() throws Exception; }
}
"""
SIGNED = """
import java.nio.charset.StandardCharsets;

class Signed {
  public static void main(String[] arguments) throws Exception {
    byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
    System.out.println(Signature.isGenuine("key", body, arguments[0]) + " " + Signature.isGenuine("other", body, arguments[0])
        + " " + Signature.isGenuine("key", body, null));
  }
}
"""


def java(folder: Path, *command: str) -> str:
    if shutil.which("javac") is None:
        pytest.skip("a JDK is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_test_of_the_page_passes_without_junit(tmp_path: Path) -> None:
    write(tmp_path, "Sandbox.java")
    body = file("RefundTest.java").partition("throws Exception {\n")[2].partition("    assertTrue")[0]
    (tmp_path / "Main.java").write_text(MAIN.replace("LOCAL", body.replace("HttpResponse<String>", "var")))

    with Sandbox() as sandbox:
        java(tmp_path, "javac", "Main.java", "Sandbox.java")
        printed = java(tmp_path, "java", "Main", sandbox.url)

    transactions, faults, refusal = printed.splitlines()
    assert '"amount":499,"state":"settled"' in transactions
    assert faults == '{"faults":[]}'
    assert "Did you mean 'reply_lost'?" in refusal


def test_the_signature_is_verified(tmp_path: Path) -> None:
    import hashlib
    import hmac

    write(tmp_path, "Signature.java")
    (tmp_path / "Signed.java").write_text(SIGNED)
    signature = hmac.new(b"key", b"{}", hashlib.sha256).hexdigest()

    java(tmp_path, "javac", "Signed.java", "Signature.java")

    assert java(tmp_path, "java", "Signed", signature) == "true false false\n"
