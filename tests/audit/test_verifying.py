from tests.audit.conftest import *
from service.audit.verify import verify


async def test_x(liftoff, workspace_id, export, tmp_path):
    extent = await export()
    print(extent)
    print("\n".join(verify(str(tmp_path / "export"))))
    print("\n".join(verify(str(tmp_path / "export"), await public_keys(liftoff, workspace_id))))
    assert 0
